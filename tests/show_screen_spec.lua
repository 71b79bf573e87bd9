-- show_screen_spec.lua: what draws pictures: the encoders, whose texts terminals.lua turns back into pixels; what is made of
-- the environment and of terminals' answers; pictures of another size; how tiles are laid out.

local dw = require "dwconv"
local K = dw.backend
local blocks = require "dwconv.show.blocks"
local core = require "dwconv.core"
local layout = require "dwconv.show.layout"
local modes = require "dwconv.show.modes"
local resample = require "dwconv.show.resample"
local screen = require "dwconv.show.screen"
local support = require "support"
local terminal = require "dwconv.io.terminal"
local terminals = require "terminals"

-- Random colours (h,w,3), or (h,w,4) with some pixels that are not drawn. `most`: of a channel.
local function random_pixels(h, w, c, seed, most)
  local t = K.cast(dw.uniform({ h, w, 3 }, { maxval = most or 256, seed = seed }), "uint8")
  if c == 3 then return t end
  local drawn = K.cast(K.greater(dw.uniform({ h, w, 1 }, { seed = seed + 1 }), 0.4), "uint8") * 255
  return K.concatenate({ t, drawn }, { axis = 3 })
end

-- The colours of a tensor as terminals.lua has them.
local function colours_of(t)
  local rows = t:to_table()
  for _, row in ipairs(rows) do
    for x, p in ipairs(row) do row[x] = p[4] ~= 0 and p[1] << 16 | p[2] << 8 | p[3] end
  end
  return rows
end

local function environment(values) return function(name) return values[name] end end

describe("half blocks", function()
  for _, case in ipairs { { 6, 7, 3 }, { 5, 4, 3 }, { 1, 1, 3 }, { 8, 9, 4 }, { 7, 3, 4 } } do
    local h, w, c = table.unpack(case)
    it(("draw every pixel of %dx%dx%d"):format(h, w, c), function()
      local pixels = random_pixels(h, w, c, 1)
      local rows = terminals.blocks(screen.encode(pixels, "blocks"))
      if h % 2 == 1 then -- half of the last line has nothing
        for x = 1, w do assert.is_false(rows[h + 1][x]) end
        rows[h + 1] = nil
      end
      assert.same(colours_of(pixels), rows)
    end)
  end

  it("set a colour only where it changes, and their own at the end of a line", function()
    local _, sequences = terminals.blocks(screen.encode(K.zeros({ 4, 50, 3 }, { dtype = "uint8" }), "blocks"))
    assert.equal(2 * 3, sequences)
  end)

  it("take the nearest of 256 colours", function()
    local function far(a, b)
      local r, g, blue = (a >> 16) - (b >> 16), (a >> 8 & 255) - (b >> 8 & 255), (a & 255) - (b & 255)
      return 2 * r * r + 4 * g * g + 3 * blue * blue
    end
    local colours = colours_of(random_pixels(1, 300, 3, 2))[1]
    for v = 0, 255, 5 do colours[#colours + 1] = v * 0x010101 end
    for _, colour in ipairs(colours) do
      local best = math.huge
      for number = 16, 255 do best = math.min(best, far(colour, terminals.of_256(number))) end
      assert.equal(best, far(colour, terminals.of_256(blocks.nearest256(colour))))
    end
    local pixels = random_pixels(4, 5, 3, 3)
    local rows = terminals.blocks(screen.encode(pixels, "256"))
    local want = terminals.of_256(blocks.nearest256(colours_of(pixels)[3][2]))
    assert.equal(want, rows[3][2])
  end)
end)

describe("letters", function()
  it("are denser for brighter pixels, one for each", function()
    local ramp = K.cast(dw.tensor { { 0, 30, 60, 80, 110, 140, 160, 190, 220, 255 } }, "uint8")
    local pixels = K.stack({ ramp, ramp, ramp }, { axis = 3 })
    assert.equal(" .:-=+*#%@", screen.encode(pixels, "ascii"))
    assert.equal(":.", screen.encode(K.cast(dw.tensor { { { 255, 0, 0 }, { 0, 0, 255 } } }, "uint8"), "ascii"))
  end)
end)

describe("sixels", function()
  -- As near as whole percents come.
  local function assert_near(want, got, most)
    for y, row in ipairs(want) do
      for x, colour in ipairs(row) do
        local other = got[y][x]
        if not colour or not other then assert.equal(colour, other)
        else
          for shift = 0, 16, 8 do
            assert.is_true(math.abs((colour >> shift & 255) - (other >> shift & 255)) <= most)
          end
        end
      end
    end
  end

  for _, case in ipairs { { 6, 7, 3 }, { 13, 4, 3 }, { 1, 1, 3 }, { 12, 20, 4 }, { 11, 3, 4 } } do
    local h, w, c = table.unpack(case)
    it(("draw every pixel of %dx%dx%d in its colour"):format(h, w, c), function()
      local pixels = random_pixels(h, w, c, 4)
      assert_near(colours_of(pixels), terminals.sixel(screen.encode(pixels, "sixel")), 2)
    end)
  end

  it("write runs as a count", function()
    local text = screen.encode(K.zeros({ 6, 500, 3 }, { dtype = "uint8" }), "sixel")
    assert.equal('\27P0;1q"1;1;500;6#0;2;0;0;0#0!500~\27\\', text)
  end)

  it("choose 256 colours for pictures of more", function()
    local h, w = 60, 70
    local y, x = K.expand_dims(dw.arange(h), { axis = 2 }), K.expand_dims(dw.arange(w), { axis = 1 })
    local pixels = K.stack({ y * 4 + x * 0, x * 3 + y * 0, (x + y) }, { axis = 3 })
    pixels = K.cast(pixels, "uint8")
    local text = screen.encode(pixels, "sixel")
    local _, defined = text:gsub("#%d+;2;", "")
    assert.equal(256, defined)
    local got, want, sum = terminals.sixel(text), colours_of(pixels), 0
    for i, row in ipairs(want) do
      for k, colour in ipairs(row) do
        for shift = 0, 16, 8 do sum = sum + math.abs((colour >> shift & 255) - (got[i][k] >> shift & 255)) end
      end
    end
    assert.is_true(sum / (3 * h * w) < 4, "colours are off by " .. sum / (3 * h * w))
  end)
end)

describe("kitty's protocol", function()
  for _, case in ipairs { { 2, 3, 3 }, { 1, 1, 4 }, { 40, 30, 3 }, { 33, 31, 4 }, { 32, 32, 3 } } do
    local h, w, c = table.unpack(case)
    it(("carries %dx%dx%d in chunks of at most 4096 letters"):format(h, w, c), function()
      local pixels = random_pixels(h, w, c, 5)
      local rows, chunks = terminals.kitty(screen.encode(pixels, "kitty"))
      assert.same(colours_of(pixels), rows)
      assert.equal((h * w * c + 3071) // 3072, #chunks)
      for i, chunk in ipairs(chunks) do
        assert.is_true(#chunk[2] <= 4096 and (i == #chunks or #chunk[2] == 4096))
        local more = i < #chunks and "m=1" or "m=0"
        local keys = ("a=T,f=%d,s=%d,v=%d,q=2,"):format(8 * c, w, h)
        assert.equal((i == 1 and keys or "") .. more, chunk[1])
      end
    end)
  end
end)

describe("what a terminal says", function()
  local answers = {
    { "kitty", "\27_Gi=31;OK\27\\\27[6;18;9t\27[?62;c", { kitty = true, sixel = false, cell_width = 9, cell_height = 18 } },
    { "xterm -ti 340", "\27[6;20;10t\27[?63;1;2;4;6;9;15;22c", { kitty = false, sixel = true, cell_width = 10, cell_height = 20 } },
    { "foot", "\27[6;17;8t\27[?62;4;22c", { kitty = false, sixel = true, cell_width = 8, cell_height = 17 } },
    { "wezterm", "\27_Gi=31;OK\27\\\27[6;21;9t\27[?65;4;6;18;22c", { kitty = true, sixel = true, cell_width = 9, cell_height = 21 } },
    { "tmux", "\27[?1;2;c", { kitty = false, sixel = false } },
    { "the console of Linux", "\27[?6c", { kitty = false, sixel = false } },
    { "one that refuses", "\27_Gi=31;EINVAL:no\27\\\27[?64;14c", { kitty = false, sixel = false } },
    { "one that is silent", "", { kitty = false, sixel = false } },
    { "one while keys are pressed", "ab\27[A\27[?62;4c", { kitty = false, sixel = true } },
    { "one that makes no sense", "\27[6;0;0t\27[6;99999;99999t\27[?c", { kitty = false, sixel = false } },
  }
  for _, case in ipairs(answers) do
    it("is understood of " .. case[1], function() assert.same(case[3], modes.parse(case[2])) end)
  end

  it("decides the mode, then UTF-8 and the colours do", function()
    local utf8 = { LANG = "de_DE.UTF-8", TERM = "xterm-256color", COLORTERM = "truecolor" }
    local nothing = { kitty = false, sixel = false }
    assert.equal("kitty", modes.best(environment(utf8), { kitty = true, sixel = true }))
    assert.equal("sixel", modes.best(environment {}, { kitty = false, sixel = true }))
    assert.equal("blocks", modes.best(environment(utf8), nothing))
    utf8.COLORTERM = nil
    assert.equal("256", modes.best(environment(utf8), nothing))
    utf8.TERM = "xterm"
    assert.equal("ascii", modes.best(environment(utf8), nothing))
    utf8.TERM, utf8.LC_ALL = "xterm-kitty", "C"
    assert.equal("ascii", modes.best(environment(utf8), nothing))
    utf8.LC_ALL = "" -- which says nothing
    assert.equal("blocks", modes.best(environment(utf8), nothing))
  end)

  it("is not asked for where the environment decides", function()
    local forced = modes.forced
    assert.equal("none", forced(environment {}, false))
    assert.is_nil(forced(environment { NO_COLOR = "" }, true))
    assert.equal("ascii", forced(environment { NO_COLOR = "1" }, true))
    assert.equal("ascii", forced(environment { TERM = "dumb" }, true))
    assert.equal("none", forced(environment { TERM = "dumb" }, false))
    for _, mode in ipairs(modes.all) do
      assert.equal(mode, forced(environment { DWCONV_GRAPHICS = mode, NO_COLOR = "1", TERM = "dumb" }, false))
    end
    assert.is_nil(forced(environment { DWCONV_GRAPHICS = "" }, true))
    support.refuses(function() forced(environment { DWCONV_GRAPHICS = "sixels" }, true) end,
      'DWCONV_GRAPHICS must be "kitty", "sixel", "blocks", "256", "ascii" or "none", got "sixels"; did you mean "sixel"?')
  end)

  it("is asked without kitty's question where that would be printed", function()
    assert.truthy(modes.question(environment { TERM = "xterm" }):find("\27_G", 1, true))
    for _, env in ipairs { { TMUX = "/tmp/x" }, { STY = "1.x" }, { TERM = "screen-256color" }, { TERM = "linux" } } do
      assert.equal("\27[16t\27[c", modes.question(environment(env)))
    end
  end)

  it("is asked once, unless it cannot be asked now", function()
    local asked, answer = 0, nil
    local _ <close> = support.field(terminal, "columns", function() return 80 end)
    local _ <close> = support.field(terminal, "size", function() return 80, 24, 0, 0 end)
    local _ <close> = support.field(terminal, "ask", function()
      asked = asked + 1
      return answer
    end)
    local function env(name)
      return ({ LANG = "C.UTF-8", TERM = "xterm", COLORTERM = "truecolor" })[name]
    end
    local _ <close> = support.field(os, "getenv", env)
    package.loaded["dwconv.show.screen"] = nil
    local chunk = assert(loadfile "lua/dwconv/show/screen.lua")
    package.loaded["dwconv.show.screen"] = screen
    local fresh = chunk()
    assert.equal("blocks", fresh.mode()) -- nil: something has been typed
    answer = "\27[6;18;9t\27[?62;4c"
    assert.equal("sixel", fresh.mode())
    assert.equal("sixel", fresh.mode())
    assert.same({ columns = 80, rows = 24, across = 9, down = 18, aspect = 1 }, fresh.size "sixel")
    assert.equal(2, asked)
  end)

  it("the core refuses a question that is none", function()
    assert.truthy(support.error_of(core.terminal_ask, 3, 100):find("terminal_ask: question must be a string, got 3", 1, true))
    assert.truthy(support.error_of(core.terminal_ask, "x", -1):find("milliseconds must be", 1, true))
  end)
end)

describe("a picture of another size", function()
  local function itself(band) return band.ndim == 2 and K.expand_dims(band) or band end

  -- Averages of areas, by the definition.
  local function averaged(rows, height, width)
    local h, w, result = #rows, #rows[1], {}
    local function share(i, n, size, k) return math.max(0, math.min(k, i * n / size) - math.max(k - 1, (i - 1) * n / size)) end
    for y = 1, height do
      result[y] = {}
      for x = 1, width do
        local sum = 0
        for i = 1, h do
          for k = 1, w do sum = sum + rows[i][k] * share(y, h, height, i) * share(x, w, width, k) end
        end
        result[y][x] = { sum * height * width / (h * w) }
      end
    end
    return result
  end

  for _, case in ipairs { { 7, 9, 3, 4 }, { 8, 6, 4, 3 }, { 40, 5, 37, 5 }, { 5, 41, 5, 20 }, { 3, 3, 1, 1 } } do
    local h, w, height, width = table.unpack(case)
    it(("%dx%d becomes %dx%d by averages of areas"):format(h, w, height, width), function()
      local t = dw.uniform({ h, w }, { seed = 6 })
      local got = resample.to(t, height, width, itself, "bilinear")
      support.near(got, dw.tensor(averaged(t:to_table(), height, width)), { rtol = 1e-5, atol = 1e-6 })
    end)
  end

  it("is made in bands, the same as at once", function()
    local t = dw.uniform({ 3000, 500, 3 }, { seed = 7 })
    local most = 0
    local got = resample.to(t, 10, 5, function(band)
      most = math.max(most, band.size)
      return band
    end, "bilinear")
    assert.is_true(most < t.size / 2)
    support.near(got, K.mean(K.reshape(t, { 10, 300, 5, 100, 3 }), { axis = { 2, 4 } }), { rtol = 1e-4, atol = 1e-5 })
  end)

  it("has squares for pixels, or is smooth, where it is larger; views are taken as they lie", function()
    local t = dw.tensor { { 1, 2 }, { 3, 4 } }
    local got = resample.to(t:transpose(), 4, 4, itself, "nearest")
    support.holds(got:reshape { 4, 4 }, { { 1, 1, 3, 3 }, { 1, 1, 3, 3 }, { 2, 2, 4, 4 }, { 2, 2, 4, 4 } })
    got = resample.to(dw.tensor { { 0, 4 } }, 1, 4, itself, "bilinear")
    support.holds(got:reshape { 4 }, { 0, 1, 3, 4 })
    got = resample.to(dw.tensor { { 0, 4 }, { 2, 6 } }, 1, 4, itself, "nearest")
    support.holds(got:reshape { 4 }, { 1, 1, 5, 5 })
  end)
end)

describe("screen", function()
  local _80x24 = function() return 80, 24, 800, 480 end

  it("shrinks a picture to fit, and never enlarges it", function()
    local _ <close> = support.field(terminal, "size", _80x24)
    for _, case in ipairs { { 10, 20, 10, 20 }, { 400, 300, 44, 33 }, { 10, 800, 1, 80 }, { 88, 160, 44, 80 } } do
      local rows = terminals.blocks(screen.text(random_pixels(case[1], case[2], 3, 8), "blocks", 80, 22))
      assert.same({ case[3] + case[3] % 2, case[4] }, { #rows, #rows[1] })
    end
    local rows = terminals.kitty(screen.text(random_pixels(500, 900, 3, 8), "kitty", 80, 22))
    assert.is_true(#rows <= 22 * 20 and #rows[1] <= 800 and #rows >= 400)
    local text = screen.text(random_pixels(40, 30, 3, 8), "ascii", 80, 22)
    assert.equal(20 * 31 - 1, #text) -- a letter is as high as two are wide
  end)

  it("draws by print, and says what a picture is where there is no terminal", function()
    local printed
    local _ <close> = support.with { print = function(text) printed = text end }
    local _ <close> = support.field(os, "getenv", environment { DWCONV_GRAPHICS = "none" })
    screen.draw(random_pixels(30, 40, 3, 9))
    assert.equal("picture 30x40x3 uint8", printed)
    local _ <close> = support.field(os, "getenv", environment { DWCONV_GRAPHICS = "blocks" })
    local _ <close> = support.field(terminal, "size", _80x24)
    screen.draw(random_pixels(30, 40, 3, 9), { width = 10 })
    assert.equal(10, #terminals.blocks(printed)[1])
  end)

  it("refuses what are no pixels", function()
    support.refuses(function() screen.text(dw.ones { 2, 2, 3 }, "blocks", 80, 22) end,
      "pixels must be a uint8 tensor h,w,3, got a float32 tensor 2x2x3")
  end)
end)

describe("layout", function()
  it("never passes the room, shows at least one tile, and all where they have room", function()
    local state = 1
    local function random(least, most)
      state = (state * 1103515245 + 12345) & 0x7FFFFFFF
      return least + (state >> 8) % (most - least + 1)
    end
    for _, cell in ipairs { { across = 1, down = 2, aspect = 1 }, { across = 1, down = 1, aspect = 2 },
      { across = 9, down = 18, aspect = 1 } } do
      for _ = 1, 400 do
        local count = random(1, 3) == 1 and 1 or random(2, 600)
        local room = { columns = random(10, 200), rows = random(3, 60), cell = cell, count = count, group = random(1, 4),
          label = count > 1 and random(1, 6) or 0, fill = random(1, 2) == 1, most = cell.across > 1 and 1 << 20 or nil }
        local place = layout.of(room, 1 << random(0, 10), 1 << random(0, 10))
        local lines = (place.shown + place.per_line - 1) // place.per_line
        local label = room.label > 0 and 1 or 0
        assert.is_true(place.shown >= 1 and place.shown <= count)
        assert.is_true(place.per_line * place.pitch - (count > 1 and 1 or 0) <= room.columns)
        assert.is_true(lines * (place.lines + label) <= room.rows)
        assert.is_true(place.width <= place.columns * cell.across and place.height <= place.lines * cell.down)
      end
    end
  end)
end)
