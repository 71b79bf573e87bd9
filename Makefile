# dwconv: knobs first. `make deps demo` and `make deps test` are the two commands a stranger needs.

LUA       ?= $(shell command -v lua5.4 || echo lua)
ifeq ($(origin CC),default)
CC        := gcc
endif
CFLAGS    ?= -O3
LIBFLAG   ?= -shared
LIB_EXT   ?= so
BUILD     ?= build
WERROR    ?=
# a sanitizer build: SANITIZE=address,undefined
SANITIZE  ?=
# V=1 shows the commands
V         ?=
# where to install; LuaRocks sets these two
INST_LUADIR ?= /usr/local/share/lua/5.4
INST_LIBDIR ?= /usr/local/lib/lua/5.4
# looked up when a recipe runs, so that `make deps all` finds what deps has just installed
LUA_INCDIR ?= $(shell pkg-config --variable=includedir lua5.4 2>/dev/null || echo /usr/include)/lua5.4
LUA_FLAGS   = $(if $(wildcard $(LUA_INCDIR)/lua.h),-I$(LUA_INCDIR),-I$(LUA_INCDIR)/lua5.4 $(shell pkg-config --cflags lua5.4 2>/dev/null))

# ---- kernels: a family, its element types; an ISA, its flags ---------------------------------------
FLOAT_TYPES := f32 f64
NUMBERS   := $(FLOAT_TYPES) i32 i64 u8
family     = $(2:%=$(1).%)
KERNELS   := $(foreach f,cast elementwise reduce,$(call family,$(f),$(NUMBERS) b8)) $(foreach f,gather sort,$(call family,$(f),$(NUMBERS))) \
             $(call family,layout,u8 i32 i64) $(foreach f,stage depthwise depthwise_grad gemm,$(call family,$(f),$(FLOAT_TYPES))) table.all
TYPE_f32  := -DT=float -DDW_SIZE=4 -DDW_IS_FLOAT
TYPE_f64  := -DT=double -DDW_SIZE=8 -DDW_IS_FLOAT
TYPE_i32  := -DT=int32_t -DDW_SIZE=4 -fwrapv
TYPE_i64  := -DT=int64_t -DDW_SIZE=8 -fwrapv
TYPE_u8   := -DT=uint8_t -DDW_SIZE=1 -fwrapv
TYPE_b8   := -DT=uint8_t -DDW_SIZE=1 -DDW_IS_BOOL
X86       := $(filter x86_64 amd64,$(shell uname -m))
ISAS      ?= base $(if $(X86),avx2 avx512)
ISA_avx2  := -mavx2 -mfma
ISA_avx512 := -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma \
              -mprefer-vector-width=512
# AVX512_AS_AVX2=1 lowers the 512-bit sources to AVX2, to test them on a CPU without AVX-512
ifdef AVX512_AS_AVX2
ISA_avx512 := -mavx2 -mfma -DDW_WIDE -Wno-psabi
HAVE      += -DDW_AVX512_AS_AVX2
endif

# ---- flags ------------------------------------------------------------------------------------------
HAVE     += $(ISAS:%=-DDW_HAVE_%)
WARN      = -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wundef $(if $(WERROR),-Werror)
SAN       = $(if $(SANITIZE),-g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined -fsanitize=$(SANITIZE) -DDW_SANITIZE)
FLAGS     = -std=gnu11 -fPIC -fvisibility=hidden -fexceptions -Isrc $(WARN) $(CFLAGS) $(SAN) -MMD -MP $(HAVE)
# what kernels may assume of floats: a * b + c is one rounding or two, and nobody reads errno or the exception flags
FLOATS   := -ffp-contract=fast -fno-math-errno -fno-trapping-math
# GCC's: small arrays stay in registers when a loop over them is not made a call of memcpy
TUNINGS  := -fno-predictive-commoning -fno-tree-loop-distribute-patterns
TUNE     := $(shell $(CC) $(TUNINGS) -Werror -E -x c /dev/null >/dev/null 2>&1 && echo $(TUNINGS))
LINK      = $(CC) $(LIBFLAG) $(SAN) -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now

CORE_C   := tensor axis walk layout elementwise reduce gather sort random stage depthwise depthwise_grad gemm gemm_plan \
             parallel machine isa
BINDING_C := $(patsubst src/binding/%.c,%,$(wildcard src/binding/*.c))
CORE_O   := $(CORE_C:%=$(BUILD)/%.o) $(foreach i,$(ISAS),$(KERNELS:%=$(BUILD)/kernels/%.$(i).o))
BINDING_O := $(BINDING_C:%=$(BUILD)/binding/%.o)
CORE     := $(BUILD)/dwconv/core.$(LIB_EXT)
IMAGE    := $(BUILD)/dwconv/image.$(LIB_EXT)

RUN       = env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH='./lua/?.lua;./lua/?/init.lua;./tests/?.lua;;' \
            LUA_CPATH='$(abspath $(BUILD))/?.$(LIB_EXT);;'
# stock Lua knows no sanitizer, so it is loaded before it
PRELOAD   = $(if $(SANITIZE),LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
            ASAN_OPTIONS=detect_leaks=0)
DEPS     := $(filter deps,$(MAKECMDGOALS))
Q         = $(if $(V),,@echo '  CC    $@';)

.PHONY: deps all test fuzz hosts functions demo bench bench-peers bench-report check check-compilers check-lint check-sanitizers docs install clean
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
%.d: ;
.SECONDEXPANSION:
.DEFAULT_GOAL := all

all: $(CORE) $(IMAGE)

$(CORE): $(BINDING_O) $(CORE_O)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LINK  $@';)$(LINK) -o $@ $^ -lm -ldl -lpthread

# Everything compiled depends on this file, which changes when the flags do (another compiler, LuaRocks's CFLAGS).
SIGNATURE = $(CC) $(FLAGS) $(FLOATS) $(TUNE) $(foreach t,$(NUMBERS) b8,$(TYPE_$(t))) $(LUA_INCDIR) $(LIBFLAG)
$(BUILD)/flags: Makefile FORCE | $(DEPS)
	@mkdir -p $(@D)
	@echo '$(SIGNATURE)' | cmp -s - $@ || echo '$(SIGNATURE)' > $@
FORCE:

# The one rule for kernels: build/kernels/depthwise.f32.avx2.o comes from src/kernels/depthwise.c.
stem = $(subst ., ,$(1))
$(BUILD)/kernels/%.o: src/kernels/$$(word 1,$$(subst ., ,$$*)).c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(if $(SANITIZE),,-O3) $(FLOATS) $(TUNE) $(TYPE_$(word 2,$(call stem,$*))) $(ISA_$(word 3,$(call stem,$*))) \
	  -DDW_TAG=$(word 2,$(call stem,$*)) -DDW_ISA=$(word 3,$(call stem,$*)) -c -o $@ $<

$(BUILD)/%.o: src/%.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -ffp-contract=off -c -o $@ $<

$(BUILD)/binding/%.o: src/binding/%.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(LUA_FLAGS) -c -o $@ $<

# Needs libpng and libjpeg; without them everything else still works, and dwconv.io.image says what is missing.
IMAGE_LIBS = libpng libjpeg
IMAGE_C   := $(addprefix src/io/,image.c png.c jpeg.c)
$(IMAGE): $(IMAGE_C) src/io/image.h src/binding/file.h $(BUILD)/tensor.o $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	@if pkg-config --exists $(IMAGE_LIBS); then echo '  CC    $@'; \
	  $(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LUA_FLAGS) $$(pkg-config --cflags $(IMAGE_LIBS)) $(LIBFLAG) -Wl,-z,nodelete \
	    -o $@ $(IMAGE_C) $(BUILD)/tensor.o $$(pkg-config --libs $(IMAGE_LIBS)); \
	else echo '  skip  $@: pkg-config does not find $(IMAGE_LIBS)'; fi

# ---- the two commands ----------------------------------------------------------------------------------
PACKAGES  := libc6-dev pkg-config lua5.4 liblua5.4-dev lua-busted libpng-dev libjpeg-dev

deps:
	@tools/deps $(PACKAGES)

demo: all
	@mkdir -p examples/out
	@$(RUN) $(LUA) examples/01_photo.lua examples/data/chelsea.png examples/out/photo.png

# busted's own launcher may belong to another Lua, so the script is run by ours.
BUSTED   ?= $(shell command -v busted)
FILTER   ?=
test: all hosts
	@$(RUN) DWCONV_BUILD=$(abspath $(BUILD)) DWCONV_SANITIZE=$(SANITIZE) $(PRELOAD) \
	  $(LUA) $(BUSTED) --output=tests/summary.lua $(FILTER)

# Damaged files are read for some seconds; best with SANITIZE.
SECONDS  ?= 60
fuzz: all
	@$(RUN) $(PRELOAD) $(LUA) tests/fuzz/files.lua $(SECONDS)

# Which functions of tf.keras.backend K has, and how many of their fixtures pass.
functions: all
	@$(RUN) $(LUA) tests/functions.lua

# C programs that the tests run: the drivers on guarded pages, Lua states in a host of their own, math.h on each ISA.
HOSTS    := guard states ctrl_c memory $(ISAS:%=math.%)

hosts: $(HOSTS:%=$(BUILD)/host/%)

$(BUILD)/host/guard: tests/host/guard.c $(CORE_O) $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -MF $@.d -o $@ $< $(CORE_O) -lm -lpthread

$(BUILD)/host/states $(BUILD)/host/ctrl_c $(BUILD)/host/memory: $(BUILD)/host/%: tests/host/%.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(LUA_FLAGS) -MF $@.d -o $@ $< -Wl,-E -llua5.4 -lpthread -lm -ldl

$(ISAS:%=$(BUILD)/host/math.%): $(BUILD)/host/math.%: tests/host/math.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(if $(SANITIZE),,-O3) $(FLOATS) $(TYPE_f32) $(ISA_$*) -MF $@.d -o $@ $< -lm

# ---- bench: never part of a test -----------------------------------------------------------------------
BENCH_C  := $(wildcard tests/bench/*.c)
$(BUILD)/bench.$(LIB_EXT): $(BENCH_C) tests/bench/bench.h $(CORE_O)
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LUA_FLAGS) -march=native -fopenmp $(LIBFLAG) -Wl,-z,nodelete -o $@ \
	  $(BENCH_C) $(CORE_O) -lm

BENCHES  ?= depthwise gemm layout elementwise reduce calls

bench: all $(BUILD)/bench.$(LIB_EXT)
	@for room in $(BENCHES); do \
	  $(RUN) MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 $(LUA) tests/bench/$$room.lua || exit 1; \
	done

# ---- bench-peers: races every peer; RACE takes race.py's options and ONLY a pattern of the layers, for a quick look -------
PEERS_VENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dwconv-peers
ONLY     ?=
RACE     ?=
PEERS     = BUILD='$(BUILD)' PEERS_TF_PYTHON='$(PEERS_VENV)-tf/bin/python' '$(PEERS_VENV)/bin/python' tests/bench/peers

bench-peers: all $(BUILD)/bench.$(LIB_EXT)
	@tests/bench/peers/setup '$(PEERS_VENV)' '$(BUILD)'
	@$(PEERS)/race.py --only '$(ONLY)' $(RACE)

bench-report:
	@$(PEERS)/report.py

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- the rest ------------------------------------------------------------------------------------------
# Everything a change should pass before it is kept; each compiler without a warning.
CHECKERS := clang lua-check cppcheck

check:
	@tools/deps $(PACKAGES) $(CHECKERS)
	$(MAKE) check-compilers check-lint
	$(MAKE) test
	$(MAKE) check-sanitizers
	$(MAKE) test BUILD=build-wide AVX512_AS_AVX2=1 FILTER='$(foreach f,depthwise gemm layout elementwise reduce,tests/$(f)_spec.lua)'

check-compilers:
	$(MAKE) all hosts BUILD=build-gcc WERROR=1
	$(MAKE) all hosts BUILD=build-clang CC=clang WERROR=1

check-lint:
	luacheck --quiet lua tests examples
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr -Isrc \
	  -DT=float -DDW_SIZE=4 -DDW_IS_FLOAT -DDW_TAG=f32 -DDW_ISA=base --suppress=missingIncludeSystem \
	  --suppress=syntaxError:src/kernels/elementwise.h src # its preprocessor loses itself in the list's macros

check-sanitizers:
	$(MAKE) test BUILD=build-asan SANITIZE=address,undefined

docs: all
	@mkdir -p docs
	@$(RUN) $(LUA) -e 'require "dwconv"; io.write(require("dwconv.help").reference())' > docs/reference.md
	@$(RUN) $(LUA) -e 'require "dwconv"; io.write(require("dwconv.help").annotations())' > docs/dwconv.meta.lua

# Installs what is built, with whatever flags it was built; builds only when nothing is there. meta.lua is for editors.
install: | $(if $(wildcard $(CORE)),,all)
	@mkdir -p '$(INST_LIBDIR)/dwconv' '$(INST_LUADIR)'
	cp $(BUILD)/dwconv/*.$(LIB_EXT) '$(INST_LIBDIR)/dwconv/'
	cp -R lua/dwconv '$(INST_LUADIR)/'
	cp docs/dwconv.meta.lua '$(INST_LUADIR)/dwconv/meta.lua'

clean:
	rm -rf '$(BUILD)' build build-* examples/out
