-- plot_object_spec.lua: dw.plot itself, which picks a chart, and what a plot does: print, show, save, stand in a grid.

local charts = require "charts"
local dw = require "dwconv"
local support = require "support"

local check, count, texts_of = charts.check, charts.count, charts.texts_of

describe("dw.plot", function()
  it("picks a chart, and prints", function()
    assert.equal(dw.plot.lines({ 1, 2 }):svg(), dw.plot({ 1, 2 }):svg())
    assert.equal(dw.plot.lines(dw.ones { 2, 3 }, { title = "x" }):svg(), dw.plot(dw.ones { 2, 3 }, { title = "x" }):svg())
    assert.equal(dw.plot.lines({ a = { 1 } }):svg(), dw.plot({ a = { 1 } }):svg())
    assert.equal(dw.plot.images(dw.ones { 2, 3, 3 }):svg(), dw.plot(dw.ones { 2, 3, 3 }):svg())
    assert.truthy(tostring(dw.plot { 1, 2 }):find "\n")
    local said
    do
      local _ <close> = support.with { print = function(t) said = t end }
      dw.plot({ 1, 2 }):show()
    end
    assert.equal(tostring(dw.plot { 1, 2 }), said)
    assert.truthy(tostring(dw.plot):find("confusion", 1, true))
  end)

  it("is a picture where the terminal shows pictures, no larger than it", function()
    local screen = require "dwconv.show.screen"
    for _, mode in ipairs { "sixel", "kitty" } do
      local said = {}
      do
        local _ <close> = support.with { print = function(t) said[#said + 1] = t end }
        local _ <close> = support.field(screen, "mode", function() return mode end)
        dw.plot.lines({ a = { 1, 2 }, b = { 2, 1 } }):show()
      end
      assert.equal(1, #said)
      local w, h = said[1]:match(mode == "sixel" and '^\27P[%d;]*q"1;1;(%d+);(%d+)' or "s=(%d+),v=(%d+)")
      local size = screen.size(mode)
      assert.is_true(tonumber(w) > 300 and tonumber(w) <= size.columns * size.across)
      assert.is_true(tonumber(h) > 200 and tonumber(h) <= size.rows * size.down)
    end
  end)

  it("puts plots side by side", function()
    local p, q = dw.plot.lines { 1, 2 }, dw.plot.bars { a = 1 }
    local elements = check(dw.plot.grid { p, q, p, columns = 2, title = "three" })
    assert.equal("three", texts_of(elements)[1])
    assert.equal(2, count(elements, "polyline"))
    check(dw.plot.grid { dw.plot.grid { p, q }, q, columns = 1 })
  end)

  it("saves SVG and PNG", function()
    local p = dw.plot.lines({ 1, 3, 2 }, { title = "saved" })
    local path = os.tmpname()
    p:save(path .. ".svg", { width = 500, height = 300 })
    local f <close> = io.open(path .. ".svg")
    assert.equal(p:svg { width = 500, height = 300 }, f:read "a")
    if pcall(require, "dwconv.image") then
      p:save(path .. ".png", { width = 300, height = 200, scale = 2 })
      support.same(dw.io.image.read(path .. ".png"), p:pixels { width = 300, height = 200, scale = 2 })
      os.remove(path .. ".png")
    end
    os.remove(path .. ".svg")
    os.remove(path)
    assert.same({ 180, 240, 3 }, { table.unpack(p:pixels { width = 120, height = 90, scale = 2 }.shape, 1, 3) })
  end)
end)
