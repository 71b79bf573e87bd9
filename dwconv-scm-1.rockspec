rockspec_format = "3.0"
package = "dwconv"
version = "scm-1"
source = { url = "git+https://github.com/dwconv/dwconv.git", branch = "main" }
description = {
  summary = "Tensors and depthwise convolution, forward and backward, on CPU threads and vector units",
  detailed = "A Lua-scriptable tensor mini-framework: a C core on threads and vector units under a Keras-like backend.",
  license = "MIT",
  labels = { "tensor", "convolution", "machine-learning" },
}
dependencies = { "lua >= 5.4, < 5.6" }
build = {
  type = "make",
  build_variables = {
    CC = "$(CC)", CFLAGS = "$(CFLAGS)", LIBFLAG = "$(LIBFLAG)", LUA_INCDIR = "$(LUA_INCDIR)", LIB_EXT = "$(LIB_EXTENSION)",
  },
  install_variables = {
    INST_LIBDIR = "$(LIBDIR)", INST_LUADIR = "$(LUADIR)", LIB_EXT = "$(LIB_EXTENSION)",
  },
}
test = { type = "command", command = "make test" }
