# dwconv: knobs first. `make deps demo` and `make deps test` are the two commands a stranger needs; `make help` lists all.

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
# where to install, GNU's way: `make install PREFIX=$$HOME/.local`, `make install DESTDIR=/tmp/package`
PREFIX    ?= /usr/local
DESTDIR   ?=
INST_LUADIR ?= $(PREFIX)/share/lua/$(LUA_VERSION)
INST_LIBDIR ?= $(PREFIX)/lib/lua/$(LUA_VERSION)
INST_BINDIR ?= $(PREFIX)/bin
# LuaRocks sets this and the places. What it builds is its own and goes when it is installed, so that builds of the
# user and of root do not meet.
LUAROCKS  ?=
ifdef LUAROCKS
BUILD     := build-luarocks-$(shell id -u)
endif
# Of a Lua with its files around it (lua-5.4.7/install/bin/lua) these are found there; else pkg-config knows them. Looked up
# when a recipe runs, so that `make deps all` finds what deps has just installed.
LUA_VERSION = $(or $(shell $(LUA) -e 'print((_VERSION:match "%d+%.%d+"))' 2>/dev/null),5.4)
LUA_HOME    = $(shell dirname "$$(dirname "$$(command -v $(LUA))")" 2>/dev/null)
LUA_PC      = $(shell for p in lua$(LUA_VERSION) lua-$(LUA_VERSION) lua; do pkg-config --exists $$p 2>/dev/null && echo $$p && break; done)
LUA_INCDIR ?= $(if $(wildcard $(LUA_HOME)/include/lua.h),$(LUA_HOME)/include)
LUA_FLAGS   = $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$(if $(LUA_PC),$(shell pkg-config --cflags $(LUA_PC)),-I/usr/include/lua$(LUA_VERSION)))
LUA_LIBS   ?= $(if $(wildcard $(LUA_HOME)/lib/liblua.*),-L$(LUA_HOME)/lib -llua,$(if $(LUA_PC),$(shell pkg-config --libs $(LUA_PC)),-llua$(LUA_VERSION)))

# ---- kernels: src/families.h lists them with their element types; an ISA is its flags --------------
TYPES_FLOATS  := f32 f64
TYPES_SIZES   := u8 i32 i64
TYPES_NUMBERS := $(TYPES_FLOATS) $(TYPES_SIZES)
TYPES_ALL     := $(TYPES_NUMBERS) b8
FAMILIES  := $(shell sed -n 's/^\(FAMILY\|KERNELS\)(\([a-z_0-9]*\), *\([A-Z]*\))/\2 \3/p' src/families.h | tr ' \n' ': ')
KERNELS   := $(foreach f,$(FAMILIES),$(foreach t,$(TYPES_$(lastword $(subst :, ,$(f)))),$(firstword $(subst :, ,$(f))).$(t))) table.all
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

CORE_C   := $(patsubst src/%.c,%,$(filter-out src/kernels/% src/binding/% src/io/%,$(wildcard src/*.c src/*/*.c)))
BINDING_C := $(patsubst src/binding/%.c,%,$(wildcard src/binding/*.c))
CORE_O   := $(CORE_C:%=$(BUILD)/%.o) $(foreach i,$(ISAS),$(KERNELS:%=$(BUILD)/kernels/%.$(i).o))
BINDING_O := $(BINDING_C:%=$(BUILD)/binding/%.o)
CORE     := $(BUILD)/dwconv/core.$(LIB_EXT)
IMAGE    := $(BUILD)/dwconv/image.$(LIB_EXT)
PROMPT   := $(BUILD)/dwconv/prompt.$(LIB_EXT)
LINE     := $(BUILD)/dwconv/line.$(LIB_EXT)

RUN       = env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH='./lua/?.lua;./lua/?/init.lua;./tests/lib/?.lua;./?.lua;;' \
            LUA_CPATH='$(BUILD)/?.$(LIB_EXT);;'
# stock Lua knows no sanitizer, so it is loaded before it
PRELOAD   = $(if $(SANITIZE),LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
            ASAN_OPTIONS=detect_leaks=0)
DEPS     := $(filter deps,$(MAKECMDGOALS))
Q         = $(if $(V),,@echo '  CC    $@';)

.PHONY: deps all test fuzz hosts functions demo repl help bench bench-peers bench-training bench-report check check-compilers check-lint \
        check-sanitizers docs install uninstall clean tools
MAKEFLAGS += --no-builtin-rules
# On all cores, unless -j says otherwise. What cleans goes before what builds.
JOBS     := $(if $(filter-out 0,$(MAKELEVEL))$(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
ifeq ($(filter clean,$(MAKECMDGOALS)),)
MAKEFLAGS += $(JOBS)
else
.NOTPARALLEL:
endif
.SUFFIXES:
%.d: ;
.SECONDEXPANSION:
.DEFAULT_GOAL := all

all: $(CORE) $(IMAGE) $(PROMPT) $(LINE)

$(CORE): $(BINDING_O) $(CORE_O)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LINK  $@';)$(LINK) -o $@ $^ -lm -ldl -lpthread

# Everything compiled depends on this file, which changes when the flags do (another compiler, LuaRocks's CFLAGS).
SIGNATURE = $(CC) $(FLAGS) $(FLOATS) $(TUNE) $(foreach t,$(TYPES_ALL),$(TYPE_$(t))) $(LUA_FLAGS) $(LIBFLAG)
$(BUILD)/flags: Makefile FORCE | $(DEPS)
	@CC='$(CC)' LUA_FLAGS='$(LUA_FLAGS)' tools/missing compiler lua.h
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

# Modules beside the core, each of a few sources.
MODULE    = $(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LUA_FLAGS) $(LIBFLAG) -Wl,-z,nodelete

# Needs libpng and libjpeg; without them everything else still works, and dwconv.io.image says what is missing.
IMAGE_LIBS = libpng libjpeg
IMAGE_C   := $(addprefix src/io/,image.c png.c jpeg.c codec.c)
$(IMAGE): $(IMAGE_C) src/io/codec.h src/binding/file.h $(BUILD)/base/tensor.o $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	@if pkg-config --exists $(IMAGE_LIBS); then echo '  CC    $@'; \
	  $(MODULE) $$(pkg-config --cflags $(IMAGE_LIBS)) -o $@ $(IMAGE_C) $(BUILD)/base/tensor.o $$(pkg-config --libs $(IMAGE_LIBS)); \
	else echo '  skip  $@: pkg-config does not find $(IMAGE_LIBS)'; fi

# What the prompt needs of the system: an answer to Ctrl-C, and, where libreadline is, lines that are edited.
$(PROMPT): src/io/prompt.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(MODULE) -o $@ $<

# readline is under the GPL, so what is linked with it is apart, and may be left out: make LINE=
$(LINE): src/io/line.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	@if pkg-config --exists readline; then echo '  CC    $@'; \
	  $(MODULE) $$(pkg-config --cflags readline) -o $@ $< $$(pkg-config --libs readline); \
	else echo '  skip  $@: pkg-config does not find readline; the prompt then reads plain lines'; fi

# ---- the two commands ----------------------------------------------------------------------------------
PACKAGES  := libc6-dev pkg-config lua5.4 liblua5.4-dev lua-busted lua-dkjson libpng-dev libjpeg-dev lua-argparse libreadline-dev

deps:
	@tools/deps $(PACKAGES)

demo: all
	@mkdir -p examples/out
	@$(RUN) $(LUA) examples/01_photo.lua examples/data/chelsea.png examples/out/photo.png
	@$(RUN) $(LUA) examples/03_painting.lua examples/data/chelsea.png examples/out/painting.png
	@echo 'Next: "make repl" for a prompt with dwconv at hand, "make help" for the rest.'

# The command dwconv, without installing anything; DWCONV='show examples/data/chelsea.png' are its arguments.
DWCONV   ?=
repl: all
	@$(RUN) $(LUA) bin/dwconv $(DWCONV)

# busted's script may name another Lua, so it is run by ours; LuaRocks's launcher is a shell script and knows its own.
BUSTED   ?= $(shell command -v busted)
BUSTED_LUA = $(if $(shell head -n 1 '$(BUSTED)' 2>/dev/null | grep -E '/(ba|da)?sh'),,$(LUA))
FILTER   ?=
test: all hosts
	@BUSTED='$(BUSTED)' RUNNER='$(BUSTED_LUA)' tools/missing busted specs $(FILTER)
	@$(RUN) DWCONV_BUILD='$(BUILD)' DWCONV_SANITIZE=$(SANITIZE) DWCONV_FILTER='$(FILTER)' $(PRELOAD) \
	  $(BUSTED_LUA) '$(BUSTED)' --output=tests/lib/summary.lua $(FILTER)

# Damaged files are read for some seconds; best with SANITIZE.
SECONDS  ?= 60
fuzz: all
	@$(RUN) $(PRELOAD) $(LUA) tests/fuzz/files.lua $(SECONDS)

# Which functions of tf.keras.backend K has, and how many of their fixtures pass.
functions: all
	@$(RUN) $(LUA) tests/functions.lua

# C programs that the tests run: the drivers on guarded pages, Lua states in a host of their own, math.h on each ISA.
HOSTS    := guard jobs states ctrl_c memory pty $(ISAS:%=math.%)

hosts: $(HOSTS:%=$(BUILD)/host/%)

$(BUILD)/host/guard $(BUILD)/host/jobs: $(BUILD)/host/%: tests/host/%.c $(CORE_O) $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -MF $@.d -o $@ $< $(CORE_O) -lm -lpthread

$(BUILD)/host/states $(BUILD)/host/ctrl_c $(BUILD)/host/memory: $(BUILD)/host/%: tests/host/%.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(LUA_FLAGS) -MF $@.d -o $@ $< -Wl,-E $(LUA_LIBS) -lpthread -lm -ldl

$(BUILD)/host/pty: tests/host/pty.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -MF $@.d -o $@ $< -lutil

$(ISAS:%=$(BUILD)/host/math.%): $(BUILD)/host/math.%: tests/host/math.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(if $(SANITIZE),,-O3) $(FLOATS) $(TYPE_f32) $(ISA_$*) -MF $@.d -o $@ $< -lm

# ---- bench: never part of a test -----------------------------------------------------------------------
BENCH_C  := $(wildcard bench/*.c)
$(BUILD)/bench.$(LIB_EXT): $(BENCH_C) bench/bench.h $(CORE_O)
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LUA_FLAGS) -march=native -fopenmp $(LIBFLAG) -Wl,-z,nodelete -o $@ \
	  $(BENCH_C) $(CORE_O) -lm

BENCHES  ?= $(filter-out small_net,$(basename $(notdir $(wildcard bench/*.lua))))

bench: all $(BUILD)/bench.$(LIB_EXT) $(BUILD)/host/pty
	@$(RUN) $(LUA) bench/lib/machine.lua
	@for room in $(BENCHES); do \
	  $(RUN) BUILD='$(BUILD)' MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 $(LUA) bench/$$room.lua || exit 1; \
	done

# ---- bench-peers: races every peer; RACE takes race.py's options and ONLY a pattern of the layers, for a quick look -------
PEERS_VENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dwconv-peers
ONLY     ?=
RACE     ?=
PEERS     = BUILD='$(BUILD)' PEERS_TF_PYTHON='$(PEERS_VENV)-tf/bin/python' \
            $(if $(filter --list,$(RACE)),$(or $(wildcard $(PEERS_VENV)/bin/python),python3),'$(PEERS_VENV)/bin/python') bench/peers

bench-peers: all $(BUILD)/bench.$(LIB_EXT)
	$(if $(filter --list,$(RACE)),,@bench/peers/setup '$(PEERS_VENV)' '$(BUILD)')
	@$(PEERS)/race.py --only '$(ONLY)' $(RACE)

# a step of training against PyTorch and TensorFlow
bench-training: all
	@bench/peers/setup '$(PEERS_VENV)' '$(BUILD)'
	@$(RUN) PEERS_TF_PYTHON='$(PEERS_VENV)-tf/bin/python' LUA='$(LUA)' '$(PEERS_VENV)/bin/python' bench/peers/training.py

bench-report:
	@$(PEERS)/report.py

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- the rest ------------------------------------------------------------------------------------------
# Everything a change should pass before it is kept; each compiler without a warning.
CHECKERS := clang clang-format lua-check cppcheck

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
	luacheck --quiet lua tests bench examples tools bin/dwconv
	clang-format --dry-run -Werror $(shell git ls-files '*.[ch]')
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr -Isrc \
	  -DT=float -DDW_SIZE=4 -DDW_IS_FLOAT -DDW_TAG=f32 -DDW_ISA=base \
	  --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
	  --suppress=syntaxError:src/kernels/elementwise_list.h --suppress=syntaxError:src/families.h src # its preprocessor loses itself in the list's macros

check-sanitizers:
	$(MAKE) test BUILD=build-asan SANITIZE=address,undefined

docs: all
	@$(RUN) $(LUA) tools/docs.lua

# Builds what is not up to date, as the user who calls sudo, so that no file of root's stays in the checkout. meta.lua is
# for editors.
BUILDER   = $(if $(filter 0,$(shell id -u)),$(if $(SUDO_USER),sudo -u '$(SUDO_USER)'))
TO_LUA    = $(DESTDIR)$(INST_LUADIR)
TO_LIB    = $(DESTDIR)$(INST_LIBDIR)
TO_BIN    = $(DESTDIR)$(INST_BINDIR)

# The command finds its modules wherever they are; LuaRocks installs it by itself.
INSTALL_BIN = mkdir -p '$(TO_BIN)' && rm -f '$(TO_BIN)/dwconv' && \
  sed -e '1s|.*|\#!$(shell command -v $(LUA))|' \
    -e 's|^local modules, libraries = .*|local modules, libraries = "$(INST_LUADIR)", "$(INST_LIBDIR)"|' bin/dwconv > '$(TO_BIN)/dwconv' && \
  chmod 755 '$(TO_BIN)/dwconv' && \
  echo 'installed $(TO_BIN)/dwconv, $(TO_LUA)/dwconv and $(TO_LIB)/dwconv; "make uninstall" with the same words takes them away'

install: $(if $(LUAROCKS),all)
	$(if $(LUAROCKS),,@$(BUILDER) $(MAKE) --no-print-directory all)
	@rm -rf '$(TO_LIB)/dwconv' '$(TO_LUA)/dwconv'
	@mkdir -p '$(TO_LIB)/dwconv' '$(TO_LUA)'
	@cp $(BUILD)/dwconv/*.$(LIB_EXT) '$(TO_LIB)/dwconv/'
	@cp -R lua/dwconv '$(TO_LUA)/'
	@cp docs/dwconv.meta.lua '$(TO_LUA)/dwconv/meta.lua'
	$(if $(LUAROCKS),@rm -rf '$(BUILD)',@$(INSTALL_BIN))

uninstall:
	rm -rf '$(TO_LIB)/dwconv' '$(TO_LUA)/dwconv' '$(TO_BIN)/dwconv'

help:
	@sed -n 's/^#: //p' Makefile

#: make deps          installs what is missing to build and test (Debian, Ubuntu; elsewhere it says what)
#: make               builds, on all cores; CC=clang, CFLAGS=, LUA=/path/to/lua, LUA_INCDIR= and LUA_LIBS= change how
#: make demo          filters, paints and draws a photograph; the pictures are in examples/out
#: make test          passes the tests; FILTER=tests/npy_spec.lua runs one spec
#: make repl          the prompt, nothing installed; DWCONV="help conv2d" are arguments of the command
#: make install       into PREFIX (/usr/local), below DESTDIR if given; make uninstall takes it away
#: make docs          writes docs/reference/ and docs/dwconv.meta.lua
#: make functions     which functions of tf.keras.backend there are
#: make check         all compilers, linters, tests and sanitizers; installs clang, luacheck and cppcheck
#: make bench         measures dwconv beside the machine's limits; make bench-peers beside eight other libraries
#: make fuzz          reads damaged files for SECONDS=60
#: make clean         removes what was built

clean:
	rm -rf '$(BUILD)' build build-* examples/out
