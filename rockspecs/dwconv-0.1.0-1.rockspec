rockspec_format = "3.0"
package = "dwconv"
version = "0.1.0-1"
-- A placeholder, as the project has no public address yet: whoever publishes puts the address of the repository here.
source = { url = "git+https://example.org/dwconv.git", tag = "v0.1.0" }
description = {
  summary = "Tensors, gradients and depthwise convolution on CPU threads and vector units",
  detailed = [[
Tensors that live inside Lua userdata, some hundred functions with the names of Keras's backend, gradients of any order,
ops that compose with >>, and depthwise convolution, forward and backward, with any stride, dilation, multiplier, padding
and layout. A C core on threads and vector units (SSE2, AVX2, AVX-512, NEON, picked at run time). PNG and JPEG where
libpng and libjpeg are there to build with, a prompt with completion where libreadline is.]],
  license = "MIT",
  maintainer = "the dwconv maintainers",
  labels = { "tensor", "convolution", "machine-learning", "numeric" },
}
supported_platforms = { "linux" } -- what is tested
-- And dkjson, where models are to be saved; argparse, where the command dwconv gets arguments.
dependencies = { "lua >= 5.4, < 5.5" }
test_dependencies = { "busted >= 2.0" }
build = {
  type = "make",
  variables = {
    LUAROCKS = "1", CC = "$(CC)", CFLAGS = "$(CFLAGS)", LIBFLAG = "$(LIBFLAG)", LUA = "$(LUA)", LUA_INCDIR = "$(LUA_INCDIR)",
    LIB_EXT = "$(LIB_EXTENSION)", INST_LIBDIR = "$(LIBDIR)", INST_LUADIR = "$(LUADIR)",
  },
  install = { bin = { dwconv = "bin/dwconv" } },
  copy_directories = { "docs", "examples" },
}
test = { type = "command", command = "make test" }
