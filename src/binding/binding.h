// binding.h: what the binding's rooms share. The binding lends the core memory and turns its status codes
// into Lua errors; it is the only place that includes lua.h. Every function has four upvalues: the tensor
// metatable, the state, its own name, and its luaL_Reg. The name opens its error texts, unless a record's function
// called it.
#ifndef DWCONV_BINDING_H
#define DWCONV_BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include "dwconv.h"

enum { DWL_LINE = 64 }; // bytes of a line of the caches, at which payloads and scratch begin

enum { DWL_METATABLE = 1, DWL_STATE, DWL_NAME, DWL_FUNCTION }; // upvalues

// One per lua_State, in a userdata, whose user value 1 is the workers' memory.
typedef struct dwl_state {
  dw_context cx;
  dw_random random;
  int64_t memory;     // bytes that a script has said it may hold; 0: what the machine has
  int64_t checked;    // bytes that may be held before the machine is asked again
  int64_t fresh;      // bytes allocated by the running function, which may not be written yet
  uint64_t staggered; // payloads placed so far, see dwl_newtensor
  dw_dtype floatx;
  bool recording;  // views by index are handed on to the recorder, see view.c
  bool lending;    // large tensors get their payloads lent, see memory.c
  lua_State *main; // its hook is where lua.c's Ctrl-C shows
  lua_Hook hook;   // as it was when the running function was called
  int hook_mask, hook_count;
} dwl_state;

// Every tensor userdata begins with this. An owner has its payload after it, in the same block; a view has
// its root as user value 1: the owner, or the detached view that it was made of, whose user value 1 is the owner.
// Blocks never move, so pointers into the owner stay valid. The payload of an owner may also be lent (memory.c): then
// its user value 2 is the block, which is taken back while the owner is still there, and nobody may read it any more.
typedef struct dwl_tensor {
  dw_tensor t;
  uint64_t *writes; // the owner's count of writes through any view
  uint64_t own_writes;
  bool detached;    // a view that gradients treat as a tensor of its own
  bool lent, taken; // of an owner: its payload is lent; was taken back
} dwl_tensor;

static inline dwl_state *dwl_getstate(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(DWL_STATE)); }

// ---- errors.c -----------------------------------------------------------------------------------

// Raises "file:line: <name>: <message>", blaming the first frame outside dwconv, in the name of what it called.
int dwl_error(lua_State *L, const char *format, ...) __attribute__((noreturn)); // lua_pushfstring's formats
const char *dwl_shape_text(lua_State *L, const dw_tensor *t);                   // "1x3x3x2", "()"; pushes it

// ---- memory.c -----------------------------------------------------------------------------------

void dwl_checkmemory(lua_State *L, int64_t bytes); // raises when this many more would pass the limit
int64_t dwl_memorylimit(lua_State *L);             // bytes that this state may hold now
char *dwl_nextline(char *p);                       // p, or the next address that is a multiple of 64
// Makes room for the payload of a new owner, which is on top of the stack, in a lent block.
char *dwl_lend(lua_State *L, size_t bytes);
void *dwl_lendscratch(lua_State *L, size_t bytes);    // pushes it; it is lent until the next scratch is
void dwl_takeback(lua_State *L, int block, int free); // the block there into the table of free ones there

// ---- tensor.c -----------------------------------------------------------------------------------

dw_tensor *dwl_totensor(lua_State *L, int index); // NULL when it is not a tensor; raises if its payload was taken back
dwl_tensor *dwl_ownerof(dwl_tensor *u);           // u itself unless it is a view
// Push a new tensor. The payload of dwl_newtensor is not initialised.
dw_tensor *dwl_newtensor(lua_State *L, dw_dtype dtype, int rank, const int64_t *shape);
dw_tensor *dwl_newview(lua_State *L, int parent, const dw_tensor *view);
void dwl_pushroot(lua_State *L, int index);  // of a tensor, itself unless it is a view
void dwl_pushowner(lua_State *L, int index); // the tensor that holds the numbers, itself unless it is a view
void dwl_detach(lua_State *L, int index);    // a view from its root
void dwl_checkwritable(lua_State *L, int index, const char *argument); // of a tensor: no two indices share an element
void dwl_wrote(lua_State *L, int index);

// ---- run.c --------------------------------------------------------------------------------------

const dw_context *dwl_context(lua_State *L);   // for the inits of jobs
void dwl_check(lua_State *L, dw_status s);     // raises unless it is DW_OK
void dwl_run(lua_State *L, dw_job *j);         // lends it scratch; raises what goes wrong
void *dwl_scratch(lua_State *L, size_t bytes); // pushes it
bool dwl_hookchanged(void *state);             // whether an interruption is asked for
// For loops of the binding itself, with their counter: raises when an interruption is asked for; looks only at every
// 2^16-th step.
void dwl_poll(lua_State *L, int64_t i);
void dwl_copy(lua_State *L, const dw_tensor *to, const dw_tensor *from);
void dwl_cast(lua_State *L, const dw_tensor *to, const dw_tensor *from);
void dwl_fill(lua_State *L, const dw_tensor *to, const void *element);
dw_tensor *dwl_contiguous(lua_State *L, int index); // replaces what is there by a contiguous copy if need be

// ---- arguments.c --------------------------------------------------------------------------------

const char *dwl_got(lua_State *L, int index); // "2.5", "nil", "{2, 2}"; pushes it
int dwl_expected(lua_State *L, const char *argument, const char *expected, int index) __attribute__((noreturn));
dw_tensor *dwl_checktensor(lua_State *L, int index, const char *argument);
// Raises that two tensors are of different dtypes.
int dwl_mixed(lua_State *L, dw_dtype a, const char *name_a, dw_dtype b, const char *name_b) __attribute__((noreturn));
int64_t dwl_checkinteger(lua_State *L, int index, const char *argument, int64_t least, int64_t most);
double dwl_checknumber(lua_State *L, int index, const char *argument);
double dwl_checkfinite(lua_State *L, int index, const char *argument);
dw_dtype dwl_checkdtype(lua_State *L, int index, const char *argument);
int dwl_checkshape(lua_State *L, int index, const char *argument, int64_t shape[DW_MAX_RANK]);
void dwl_refusefields(lua_State *L, int index, const char *argument);
int dwl_checkaxis(lua_State *L, int index, const char *argument, int rank); // from 0; Lua's counts from 1 or -1
// Index `i` of n in Lua's counting to one from 0; raises outside.
int64_t dwl_toindex(lua_State *L, int64_t i, int64_t n, int axis);

// ---- images.c: tensors of rank 3 to 5, n,[[d,]h,]w,c or n,c,[[d,]h,]w, as the core takes them ------------

typedef struct dwl_layout {
  lua_State *L;
  bool channels_first;
  int rank;
} dwl_layout;

dwl_layout dwl_checklayout(lua_State *L, int index); // "channels_last" or "channels_first"; its rank is not known yet
// A tensor of floats, or of any dtype, as (n,d,h,w,c); rank 3 to 5, which becomes the layout's. One whose rows do not
// lie together is replaced by a copy. dwl_imageshape is for the shape of one.
dw_tensor dwl_checkimage(dwl_layout *l, int index, const char *argument, bool floats);
dw_tensor dwl_checkimageshape(dwl_layout *l, int index, const char *argument, dw_dtype dtype);
dw_tensor dwl_lendrows(const dwl_layout *l, int index); // the tensor there, or a copy whose rows lie together
dw_tensor dwl_newimage(const dwl_layout *l, const dw_tensor *like);     // new, of the shape of an (n,d,h,w,c)
const char *dwl_imagetext(const dwl_layout *l, const dw_tensor *image); // "2x5x6x3, channels_last"; pushes it
// The numbers for the axes that images of this rank have, as {d, h, w}: one number for all, or a table of one for each.
void dwl_checksizes(const dwl_layout *l, int index, const char *argument, int64_t sizes[3]);

void dwl_pushelement(lua_State *L, dw_dtype dtype, const void *element);
// Writes the Lua value at `index` as an element; false when it is of the wrong kind or does not fit.
bool dwl_toelement(lua_State *L, int index, dw_dtype dtype, void *element);
void dwl_checkelement(lua_State *L, int index, const char *argument, dw_dtype dtype, void *element);

// ---- geometry.c ---------------------------------------------------------------------------------

// What options say of a kernel that slides over images of one to three axes.
typedef struct dwl_geometry {
  int axes;
  int64_t strides[DW_SPATIAL], dilation[DW_SPATIAL], pads[2 * DW_SPATIAL];
  dw_padding mode;
  bool channels_first;
} dwl_geometry;

const dwl_geometry *dwl_checkgeometry(lua_State *L, int index);
const char *dwl_imageaxes(const dwl_geometry *g); // "n,h,w,c", as it lies
dw_tensor *dwl_checkrank(lua_State *L, int index, const char *argument, int rank, const char *axes);
dw_tensor *dwl_checkimageof(lua_State *L, int index, const char *argument, const dwl_geometry *g);
dw_tensor dwl_aslast(const dwl_geometry *g, const dw_tensor *image); // a view (n,...,c) of an image
dw_tensor dwl_aslies(const dwl_geometry *g, const dw_tensor *last);  // and back
// A table of sizes for a tensor that is not there.
void dwl_checklike(lua_State *L, int index, const char *argument, int rank, dw_dtype dtype, dw_tensor *t);

// An image (n,...,c) and a kernel that do not fit together, and how an error names them.
typedef struct dwl_slide {
  const dwl_geometry *g;
  const dw_tensor *x, *kernel;
  const char *x_name, *kernel_name;
  bool grouped; // x may have a multiple of the kernel's channels
} dwl_slide;

// Raises what a status means; `a` is axis number `axis` of the image, if it is about one.
void dwl_refuse(lua_State *L, const dwl_slide *s, dw_status status, const dw_axis *a, int axis)
    __attribute__((noreturn));
// What an image's axis number `axis` of `axes` is counted in: "rows" and the like.
const char *dwl_unit(int axes, int axis);
// Raises that a window, which is a text such as "kernel (3x3x2x4)", is longer than x with its padding.
void dwl_refusewindow(lua_State *L, const char *window, const dw_axis *a, const char *unit, const char *x,
                      dw_padding mode) __attribute__((noreturn));
// The gradient that flows into y must have y's shape and dtype, which is that of `other`.
void dwl_checkgrad(lua_State *L, const dw_tensor *g, const dw_tensor *y, const char *other);

// ---- rooms --------------------------------------------------------------------------------------

void dwl_pushshape(lua_State *L, const dw_tensor *t); // as a table of sizes, see shape.c
void dwl_openshape(lua_State *L);
// Assigns the Lua value at `index` (a number, a boolean, a tensor or a nested table) to `view`, a view of
// the tensor at 1; counts the write.
void dwl_assign(lua_State *L, const dw_tensor *view, int index, const char *argument);
// Pushes a tensor made from a nested table; dtype DW_DTYPES means bool for booleans, else `floats`.
dw_tensor *dwl_fromtable(lua_State *L, int index, const char *argument, dw_dtype dtype, dw_dtype floats);

// ---- open.c -------------------------------------------------------------------------------------

void dwl_pushmethods(lua_State *L); // the table of methods, to which the Lua layer adds
// Registers `functions` in the table on top of the stack.
void dwl_register(lua_State *L, const luaL_Reg *functions, int metatable, int state);
// A function of its own: pushes its four upvalues, `name` an index; then, with `more` pushed after them, the closure.
void dwl_pushupvalues(lua_State *L, const luaL_Reg *function, int name);
void dwl_pushclosure(lua_State *L, int more);

// The functions of each room: those of the families, and the others.
#define KERNELS(name, types)
#define FAMILY(name, types) extern const luaL_Reg dwl_##name##_functions[];
#include "families.h"
extern const luaL_Reg dwl_errors_functions[], dwl_arguments_functions[], dwl_table_functions[], dwl_view_functions[],
    dwl_index_functions[], dwl_strided_functions[], dwl_tape_functions[], dwl_recall_functions[],
    dwl_system_functions[], dwl_file_functions[], dwl_folder_functions[], dwl_geometry_functions[],
    dwl_memory_functions[], dwl_arena_functions[], dwl_terminal_functions[];
extern const luaL_Reg dwl_table_methods[], dwl_view_methods[], dwl_layout_methods[], dwl_metamethods[],
    dwl_file_metamethods[];

#endif
