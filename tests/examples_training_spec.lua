-- examples_training_spec.lua: the examples that train networks run, and learn what they say. They take some seconds each,
-- so a sanitizer build leaves them out; its specs of layers and models run the same code.

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"

-- What an example prints, with so many threads; fails if it ends with an error.
local function printed(name, threads)
  local env = ("env LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' OMP_NUM_THREADS=%d"):format(build,
    threads or 2)
  local process = io.popen(("%s %s examples/%s.lua 2>&1"):format(env, lua, name))
  local out = process:read "a"
  assert.is_true(process:close(), out)
  return out
end

-- The number that a pattern finds, of at least `least`.
local function at_least(least, out, pattern)
  local n = tonumber(out:match(pattern))
  assert.is_true(n ~= nil and n >= least, ("%s: %s in\n%s"):format(pattern, n, out))
end

local NEVER_SEEN <const> = "right on ([%d.]+) %% of the digits that it has never seen"

if (os.getenv "DWCONV_SANITIZE" or "") ~= "" then return end

describe("examples that train:", function()
  it("04_digits.lua reads 98 % of digits that it has not seen, the same with one thread and with two", function()
    local one, two = printed("04_digits", 1), printed("04_digits", 2)
    at_least(98, one, NEVER_SEEN)
    local function without_times(out) return (out:gsub("[%d.]+ s ", "")) end
    assert.equal(without_times(one), without_times(two))
    assert.truthy(one:find "separable_conv2d_1 %(SeparableConv2D%)%s+%(n, 4, 4, 64%)%s+4,672")
  end)

  it("05_residual.lua too, with the functional API", function()
    local out = printed "05_residual"
    at_least(98, out, NEVER_SEEN)
    assert.truthy(out:find "of 5 images, 5x48 numbers")
  end)

  it("06_denoising.lua takes away more than half of the noise", function()
    local before, after = printed("06_denoising"):match "image: ([%d.]+) with the noise, ([%d.]+) after"
    assert.is_true(tonumber(after) < tonumber(before) / 2, after)
  end)

  it("07_saving.lua goes on to the same bits", function()
    local out = printed "07_saving"
    assert.truthy(out:find("the same weights, to the last bit: true", 1, true))
    assert.truthy(out:find("head/kernel: the model has 64x10 float32, the file 2048x10 float32", 1, true))
  end)

  it("08_transfer.lua gains by what was learned before", function()
    local out = printed "08_transfer"
    local with, without = out:match "learned of 0 to 4: right on ([%d.]+) %%.*nothing:%s+right on ([%d.]+) %%"
    assert.is_true(tonumber(with) > 80 and tonumber(with) > tonumber(without) + 15, out)
    assert.truthy(out:find "Trainable params: 1,285\n")
  end)

  it("09_custom_layer.lua learns, and is saved and loaded", function()
    local out = printed "09_custom_layer"
    assert.truthy(out:find("loaded, it gives the same: true", 1, true))
    assert.truthy(out:find("excite %(Excite%)%s+%(n, 8, 8, 32%)%s+292\n"))
    at_least(0.9, out, "epoch 8/8 .- accuracy ([%d.]+)")
  end)

  it("10_custom_loop.lua learns by hand", function()
    at_least(95, printed "10_custom_loop", "epoch 4: .- right on ([%d.]+) %%")
  end)

  it("11_keywords.lua hears nine of ten words right", function()
    local right, all = 0, 0
    for r, n in printed("11_keywords"):gmatch "(%d+) of (%d+) heard right" do right, all = right + r, all + n end
    assert.equal(300, all)
    assert.is_true(right >= 270, right)
  end)
end)
