-- architecture_spec.lua: who may know whom, read from the include and require lines of the sources; and rules about
-- words that sources must not hold.

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

local function files(folder, ending)
  local list = {}
  local found = io.popen(("find %s -name '*.%s' | sort"):format(folder, ending))
  for path in found:lines() do list[#list + 1] = path end
  found:close()
  assert(#list > 0, "no files in " .. folder)
  return list
end

-- Names in double quotes after #include, or in angle brackets when they are Lua's.
local function includes(path)
  local names = {}
  for _, line in ipairs(lines_of(path)) do
    local name = line:match '^#include "([^"]+)"' or line:match "^#include <(l[ua]%w+%.h)>"
    if name then names[#names + 1] = name end
  end
  return names
end

local function requires(path)
  local names = {}
  for _, line in ipairs(lines_of(path)) do
    for name in line:gmatch 'require%s*%(?%s*"(dwconv[%w_.]*)"' do names[#names + 1] = name end
  end
  return names
end

local function only(path, names, allowed)
  for _, name in ipairs(names) do
    local good = false
    for _, pattern in ipairs(allowed) do good = good or name:find("^" .. pattern .. "$") ~= nil end
    assert.is_true(good, ("%s must not know %s"):format(path, name))
  end
end

describe("who may know whom", function()
  it("kernels know kernels.h, their own headers and the vector vocabulary; drivers no Lua; the binding no kernels", function()
    for _, path in ipairs(files("src", "[ch]")) do
      local family = path:match "^src/([^/]+)/[^/]+$"
      local allowed = path:find "^src/kernels/" and { "[%w_]+%.h" }
        or path == "src/dwconv.h" and { "images%.h", "training%.h" }
        or path:find "^src/binding/" and { "dwconv%.h", "families%.h", "binding%.h", "file%.h", "lua%.h", "lauxlib%.h" }
        or path:find "^src/io/" and { "codec%.h", "binding/file%.h", "dwconv%.h", "lua%.h", "lauxlib%.h" }
        or path:find "^src/base/" and { "base%.h", "dwconv%.h", "kernels/kernels%.h", "kernels/layout%.h" }
        or { "base/base%.h", "dwconv%.h", "kernels/[%w_]+%.h", family and family .. "%.h" or nil }
      only(path, includes(path), allowed)
      if path:find "^src/kernels/" then
        for _, name in ipairs(includes(path)) do
          local known = name == "families.h" or io.open("src/kernels/" .. name)
          assert(known, ("%s must not know %s"):format(path, name))
          if name ~= "families.h" then known:close() end
        end
      end
    end
  end)

  it("ops and options know the core; what stands on K does not", function()
    local rules = {
      { "plot/raster%.lua$", { "dwconv%.backend", "dwconv%.ops", "dwconv%.plot%..+" } },
      { "plot/png%.lua$", { "dwconv%.ops", "dwconv%.io%..+", "dwconv%.plot%..+" } },
      { "plot/", { "dwconv%.backend", "dwconv%.args", "dwconv%.lookup", "dwconv%.io%..+", "dwconv%.show%.screen",
        "dwconv%.plot%..+" } },
      { "config%.lua$", { "dwconv%.core" } },
      { "args/", { "dwconv%.core", "dwconv%.config", "dwconv%.args%..+" } },
      { "lookup%.lua$", { "dwconv%.args" } },
      { "ops/call%.lua$", { "dwconv%.args", "dwconv%.core" } },
      { "ops/", { "dwconv%.core", "dwconv%.config", "dwconv%.args", "dwconv%.ops", "dwconv%.ops%.[%w_]+" } },
      { "grad/", { "dwconv%.core", "dwconv%.args", "dwconv%.ops", "dwconv%.ops%.call", "dwconv%.grad%..+" } },
      { "backend%.lua$", { "dwconv%.ops", "dwconv%.ops%..*", "dwconv%.grad%..+", "dwconv%.lookup", "dwconv%.tensor" } },
      { "compose%.lua$", { "dwconv%.config", "dwconv%.lookup", "dwconv%.ops", "dwconv%.args" } },
      { "tensor%.lua$", { "dwconv%.core", "dwconv%.ops", "dwconv%.args" } },
      { "help/topics%.lua$", { "dwconv%.help%.model_topics", "dwconv%.help%.plot_topics" } },
      { "help/model_topics%.lua$", {} },
      { "help/plot_topics%.lua$", {} },
      { "help/uses%.lua$", {} },
      { "help/classes%.lua$", { "dwconv", "dwconv%.args", "dwconv%.classes", "dwconv%.lookup", "dwconv%.help%.uses" } },
      { "help/annotations%.lua$", { "dwconv%.ops", "dwconv%.help%.classes" } },
      { "help/signature%.lua$", { "dwconv%.args", "dwconv%.help%.classes", "dwconv%.lookup" } },
      { "help/", { "dwconv", "dwconv%.lookup", "dwconv%.ops", "dwconv%.ops%.missing", "dwconv%.args", "dwconv%.help%..+",
        "dwconv%.io%..+", "dwconv%.show" } },
      { "io/init%.lua$", { "dwconv%.ops" } },
      { "io/terminal%.lua$", { "dwconv%.core" } },
      { "io/file%.lua$", { "dwconv%.core", "dwconv%.args" } },
      { "io/json%.lua$", { "dwconv%.args" } },
      { "io/", { "dwconv%.backend", "dwconv%.ops", "dwconv%.config", "dwconv%.args", "dwconv%.io", "dwconv%.io%..+", "dwconv%.image" } },
      { "classes%.lua$", { "dwconv%.args", "dwconv%.lookup" } },
      { "/initializers%.lua$", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes" } },
      { "/regularizers%.lua$", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes" } },
      { "/optimizers/schedules%.lua$", { "dwconv%.args", "dwconv%.classes" } },
      { "/optimizers/", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes", "dwconv%.ops", "dwconv%.optimizers%..+" } },
      { "/metrics/", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes", "dwconv%.losses", "dwconv%.metrics%..+",
        "dwconv%.ops" } },
      { "/losses%.lua$", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes" } },
      { "/constraints%.lua$", { "dwconv%.args", "dwconv%.backend", "dwconv%.classes" } },
      { "/data%.lua$", { "dwconv%.backend", "dwconv%.args", "dwconv%.lookup", "dwconv%.io%.file", "dwconv%.io%.image" } },
      { "graph%.lua$", { "dwconv%.backend", "dwconv%.args", "dwconv%.ops" } },
      { "activations%.lua$", { "dwconv%.backend", "dwconv%.args", "dwconv%.lookup" } },
      { "layers/layer%.lua$", { "dwconv%.backend", "dwconv%.args", "dwconv%.classes", "dwconv%.compose", "dwconv%.graph",
        "dwconv%.layers%.ends",
        "dwconv%.ops", "dwconv%.initializers", "dwconv%.regularizers", "dwconv%.constraints" } },
      { "layers/", { "dwconv%.backend", "dwconv%.args", "dwconv%.graph", "dwconv%.ops", "dwconv%.activations",
        "dwconv%.initializers", "dwconv%.regularizers", "dwconv%.constraints", "dwconv%.layers%..*" } },
      { "models/", { "dwconv%.backend", "dwconv%.args", "dwconv%.classes", "dwconv%.graph", "dwconv%.ops", "dwconv%.lookup",
        "dwconv%.activations", "dwconv%.layers", "dwconv%.layers%..+", "dwconv%.losses", "dwconv%.metrics",
        "dwconv%.optimizers", "dwconv%.callbacks", "dwconv%.config", "dwconv%.grad%.arena", "dwconv%.io%..+", "dwconv%.models%.?.*" } },
      { "timing%.lua$", { "dwconv%.args", "dwconv%.io%.terminal" } },
      { "repl/", { "dwconv", "dwconv%.args", "dwconv%.classes", "dwconv%.core", "dwconv%.help", "dwconv%.help%..+", "dwconv%.io%.file",
        "dwconv%.io%.terminal", "dwconv%.line", "dwconv%.lookup", "dwconv%.ops", "dwconv%.prompt", "dwconv%.repl%..+", "dwconv%.tensor" } },
      { "/command%.lua$", { "dwconv", "dwconv%.help", "dwconv%.prompt", "dwconv%.repl", "dwconv%.repl%..+" } },
      { "show/", { "dwconv%.backend", "dwconv%.args", "dwconv%.ops", "dwconv%.lookup", "dwconv%.io%..+", "dwconv%.show%..+" } },
      { "callbacks/", { "dwconv%.args", "dwconv%.classes", "dwconv%.backend", "dwconv%.callbacks%..+" } },
      { "init%.lua$", { "dwconv%..+" } },
    }
    for _, path in ipairs(files("lua/dwconv", "lua")) do
      local rule
      for _, r in ipairs(rules) do
        if not rule and path:find(r[1]) then rule = r[2] end
      end
      assert(rule, path .. " has no rule: say what it may know")
      only(path, requires(path), rule)
    end
  end)
end)

describe("sources", function()
  it("threads are started in parallel.c alone; the core neither prints nor exits nor allocates; no fast-math", function()
    for _, path in ipairs(files("src", "c")) do
      for i, line in ipairs(lines_of(path)) do
        local where = ("%s:%d: %s"):format(path, i, line)
        assert.is_true(path == "src/base/parallel.c" or not line:find "pthread_create", where)
        assert.is_nil(line:find "#%s*pragma omp", where)
        if not path:find "^src/io/" then
          for _, word in ipairs { "printf", "exit", "abort", "malloc", "free" } do
            assert.is_nil(line:find("%f[%w_]" .. word .. "%s*%("), where)
          end
        end
      end
    end
    for _, line in ipairs(lines_of "Makefile") do
      assert.is_nil(line:find("-ffast-math", 1, true) or line:find("-Ofast", 1, true), line)
    end
  end)

  it("one word per family: each that families.h lists has all its rooms under one name", function()
    local function is_there(path)
      local f = io.open(path)
      if f then f:close() end
      return f ~= nil
    end
    local listed = 0
    for _, line in ipairs(lines_of "src/families.h") do
      local kind, name, types = line:match "^(%u+)%(([%w_]+), (%u+)%)"
      local places = { "src/kernels/%s.c" }
      if kind == "FAMILY" then
        listed = listed + 1
        places = { types ~= "NONE" and "src/kernels/%s.c" or nil, "src/binding/%s.c", "lua/dwconv/ops/%s.lua",
          "tests/%s_spec.lua" }
        local driver, folder = ("src/%s.c"):format(name), ("src/%s/%s.c"):format(name, name)
        assert(is_there(driver) or is_there(folder), driver .. " is not there")
      end
      for _, place in pairs(kind and places or {}) do
        assert(is_there(place:format(name)), place:format(name) .. " is not there")
      end
    end
    assert.is_true(listed > 5)
  end)

  it("files stay under 400 lines, and C under 120 columns, as luacheck holds for Lua", function()
    local counted = { c = true, h = true, cpp = true, lua = true, py = true }
    for _, path in ipairs(files("src lua tests bench examples tools", "[chlp]*")) do
      local ending = path:match "%.(%w+)$"
      if counted[ending] and not path:find "^tests/fixtures" then
        local lines = lines_of(path)
        assert.is_true(#lines <= 400, ("%s has %d lines"):format(path, #lines))
        for i, line in ipairs(#ending == 1 and lines or {}) do
          assert.is_true(#line <= 120, ("%s:%d has %d columns"):format(path, i, #line))
        end
      end
    end
  end)
end)
