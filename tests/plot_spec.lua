-- plot_spec.lua: dw.plot: what each chart shows, and where its texts are.

local charts = require "charts"
local dw = require "dwconv"
local plot = require "dwconv.plot.plot"

local K = dw.backend

local check, check_svg, count, plain, texts_of = charts.check, charts.check_svg, charts.count, charts.plain, charts.texts_of

describe("dw.plot.lines", function()
  it("puts points where the axes say", function()
    local p = dw.plot.lines({ 0, 1, 0.5 }, { x = { 0, 1, 2 } })
    local elements = check(p)
    local line
    for _, e in ipairs(elements) do line = e.name == "polyline" and e.attributes.points or line end
    local x1, y1, x2, y2, x3, y3 = line:match "^(%S+),(%S+) (%S+),(%S+) (%S+),(%S+)$"
    assert.near((x1 + x3) / 2, tonumber(x2), 0.02)
    assert.near((y1 + y2) / 2, tonumber(y3), 0.02)
    assert.is_true(tonumber(y1) > tonumber(y2)) -- y grows downwards
    -- The tick "1.0" stands at the height of the second point, as 1 is the largest tick.
    for _, e in ipairs(elements) do
      if e.text == "1.0" and e.attributes["text-anchor"] == "end" then assert.near(y2 + 0.36 * 11, tonumber(e.attributes.y), 0.02) end
    end
  end)

  it("takes tensors, rows, tables by name and in order, with labels", function()
    for _, case in ipairs {
      { { 1, 2, 3 }, {}, {} }, { dw.tensor { 1, 2, 3 }, {}, {} }, { dw.tensor({ 1, 2 }, { dtype = "int64" }), {}, {} },
      { dw.tensor({ true, false }), {}, {} }, { dw.tensor { { 1, 2 }, { 3, 4 } }, {}, { "1", "2" } },
      { { b = { 1, 2 }, a = dw.tensor { 3, 1, 2 } }, {}, { "a", "b" } }, { { { 1 }, { 2, 3 } }, { labels = { "u", 7 } }, { "u", "7" } },
    } do
      local elements = check(dw.plot.lines(case[1], case[2]))
      local names = table.concat(texts_of(elements), "|")
      for _, name in ipairs(case[3]) do assert.truthy(("|" .. names .. "|"):find("|" .. name .. "|", 1, true), names) end
    end
  end)

  it("leaves gaps at NaN and infinity, and marks points that stand alone", function()
    local elements = check(dw.plot.lines { 1, 2, 0 / 0, 3, math.huge, 4, 5, -math.huge })
    assert.equal(2, count(elements, "polyline"))
    assert.equal(1, count(elements, "circle"))
    assert.equal(1, count(check(dw.plot.lines { 7 }), "circle"))
    assert.equal(3, count(check(dw.plot.lines({ 1, 2, 3 }, { points = true })), "circle"))
  end)

  it("draws constant data, one point and extreme numbers", function()
    for _, ys in ipairs { { 5, 5, 5 }, { 0, 0 }, { 1e-12, 3e-12 }, { 1e15, 1e15 + 1 }, { -1e300, 1e300 }, { 1e-300, 0 }, { 5e-324, 0 },
      { 1, 1 + 1e-15 }, { -3 }, { 1e300, 1e300 } } do
      check(dw.plot.lines(ys))
      check(dw.plot.lines(ys, { x = ys }))
    end
    local note = table.concat(texts_of(check(dw.plot.lines { 1e-12, 3e-12 })), " ")
    assert.truthy(note:find("×10⁻¹²", 1, true))
    assert.truthy(plain(dw.plot.lines { 1e-12, 3e-12 }):find("×10⁻¹²", 1, true))
    check(dw.plot.lines({ 1e-9, 1, 1e12 }, { y_scale = "log" }))
    check(dw.plot.lines({ 3, 3 }, { y_scale = "log" }))
  end)

  it("cuts lines at a range", function()
    check(dw.plot.lines({ -1e200, 0.5, 1e200, 0.2, 0.3 }, { range = { 0, 1 }, points = true }))
    check(dw.plot.lines({ 1, 1000, 5 }, { range = { 2, 7 }, y_scale = "log" }))
  end)

  it("shows the extremes of a million numbers, in a small text", function()
    local t = K.sin(dw.linspace(0, 3000, 1000000))
    t[500001] = 40
    t[700001] = 0 / 0
    local source = dw.plot.lines(t):svg()
    assert.is_true(#source < 100000)
    local top = math.huge
    for _, e in ipairs(check_svg(source)) do
      for _, y in (e.attributes.points or ""):gmatch "(%S+),(%S+)" do top = math.min(top, tonumber(y)) end
    end
    local without = dw.plot.lines(K.concatenate({ t[{ { 1, 500000 } }], t[{ { 500002, 1000000 } }] }, { axis = 1 })):svg()
    assert.is_true(without ~= source)
    assert.is_true(top < 60, "40 is the highest, near the top: " .. top)
    local scattered = dw.plot.lines(dw.normal { 200000 }, { x = dw.normal { 200000 } })
    assert.is_true(#scattered:text { columns = 80 } > 80)
  end)

  it("does not change when its tensors do", function()
    local t = dw.tensor { 1, 2, 3 }
    local p = dw.plot.lines(t)
    local before = p:svg()
    t:fill(9)
    assert.equal(before, p:svg())
    assert.equal(before, dw.plot.lines({ 1, 2, 3 }):svg())
  end)

  it("keeps texts apart and escapes them, long, in UTF-8 or none", function()
    local long = ("a very long title & <more> \"of it\" "):rep(20)
    local series = {}
    for i = 1, 12 do series["series " .. i .. (" long"):rep(i)] = { i, 2 * i } end
    local elements = check(dw.plot.lines(series, { title = long, x_label = long, y_label = "größe 漢字 \xff\1" }))
    assert.truthy(table.concat(texts_of(elements), " "):find('<more> "of it"', 1, true))
    check(dw.plot.lines({ [("x"):rep(300)] = { 1 }, ["&<>\""] = { 2 } }))
  end)
end)

describe("dw.plot.bars", function()
  it("has heights in proportion, from 0 both ways", function()
    local elements = check(dw.plot.bars({ 2, -1, 4 }, { labels = { "a", "b", "c" } }))
    local bars = {}
    for _, e in ipairs(elements) do
      if e.name == "rect" and e.attributes.fill == "#1f66b0" then bars[#bars + 1] = e.attributes end
    end
    assert.equal(3, #bars)
    assert.near(2 * bars[1].height, tonumber(bars[3].height), 0.05)
    assert.near(bars[1].height / 2, tonumber(bars[2].height), 0.05)
    assert.near(bars[1].y + bars[1].height, tonumber(bars[2].y), 0.05) -- 0
  end)

  it("stand in groups, lie where their names are long, and may be many", function()
    local elements = check(dw.plot.bars({ u = { 1, 2 }, v = { 3, 4 } }, { labels = { "one", "two" } }))
    local names = table.concat(texts_of(elements), "|")
    assert.truthy(names:find("u|v", 1, true) and names:find("one|two", 1, true))
    check(dw.plot.bars { ["a long name of a thing that is measured"] = 1, ["another long name of a thing, & more"] = 2, c = 3 })
    check(dw.plot.bars(dw.uniform { 300 }))
    check(dw.plot.bars { 0, 0 })
    check(dw.plot.bars { 1, 0 / 0, math.huge, -2 })
    check(dw.plot.bars(-dw.uniform { 3, 40 }))
  end)

  it("says lengths in a terminal: of 20 columns, as the dots for 0 and 2 are in the middle of halves", function()
    assert.equal("  │\n1 │██████████\n  │\n2 │███████████████████▊\n  │\n  └", (plain(dw.plot.bars { 1, 2 }, 24):gsub("└.*", "└")))
  end)
end)

describe("dw.plot.histogram", function()
  local function counts(t, edges)
    local list = {}
    for i = 1, #edges - 1 do list[i] = 0 end
    for _, v in ipairs(t:reshape({ -1 }):to_table()) do
      for i = 1, #edges - 1 do
        local last = i == #edges - 1
        if v >= edges[i] and (v < edges[i + 1] or last and v == edges[i + 1]) then list[i] = list[i] + 1 end
      end
    end
    return list
  end

  it("counts as a loop does, with round edges, on any dtype", function()
    for _, t in ipairs { dw.normal { 1000 }, dw.uniform { 20, 50 }, dw.arange(11, { dtype = "float64" }) / 10,
      dw.arange(10, { dtype = "int32" }), dw.tensor({ 3, 200, 255 }, { dtype = "uint8" }), dw.tensor { true, false, true },
      dw.normal({ 999 }, { dtype = "float64" }) * 1e-9, dw.full({ 7 }, 0.3) } do
      for _, bins in ipairs { 1, 4, 33 } do
        local p = dw.plot.histogram(t, { bins = bins })
        local chart = plot.chart(p)
        assert(#chart.counts <= math.max(bins, 1) or bins == 1, ("%d bins of %d"):format(#chart.counts, bins))
        local floats = t.dtype == "bool" and K.cast(t, "float32") or t
        for i, n in ipairs(counts(floats, chart.edges)) do assert.equal(n, chart.counts[i]) end
        local sum = 0
        for _, n in ipairs(chart.counts) do sum = sum + n end
        assert.equal(t.size, sum)
      end
      check(dw.plot.histogram(t))
    end
  end)

  it("counts numbers of all pieces, and says what is NaN or infinite", function()
    local t = dw.uniform { 3000000 }
    t[{ { 1, 5 } }] = 0 / 0
    t[2000000] = math.huge
    local p = dw.plot.histogram(t, { bins = 10 })
    local sum = 0
    for _, n in ipairs(plot.chart(p).counts) do
      sum = sum + n
      assert(n > 250000 and n < 350000, n)
    end
    assert.equal(3000000 - 6, sum)
    assert.truthy(plain(p):find("3000000 numbers, 5 NaN, 1 infinite", 1, true))
  end)

  it("of a model has a panel for each weight", function()
    local model = dw.Sequential { dw.Input { 4 }, dw.layers.Dense { 3, name = "first" }, dw.layers.Dense { 2, name = "second" } }
    local names = table.concat(texts_of(check(dw.plot.histogram(model))), "|")
    for _, name in ipairs { "first/kernel  4x3", "first/bias  3", "second/kernel  3x2", "12 numbers" } do
      assert.truthy(names:find(name, 1, true), names)
    end
    check(dw.plot.histogram(model.layers[1]))
    check(dw.plot.histogram { a = dw.normal { 30 }, b = dw.normal { 40 } })
  end)
end)

describe("dw.plot.images", function()
  it("shows grey, colour and alpha, in a grid, with texts", function()
    for _, x in ipairs { dw.uniform { 5, 4, 6 }, dw.uniform { 3, 4, 4, 3 }, dw.uniform { 2, 4, 4, 4 }, dw.normal { 7, 3, 3, 1 },
      dw.tensor({ { { 0, 16 }, { 8, 4 } } }, { dtype = "uint8" }), { dw.uniform { 4, 9 }, dw.uniform { 12, 3, 3 } },
      dw.full({ 1, 2, 2 }, 0 / 0):fill(7), dw.tensor { { { true, false } } }, dw.uniform { 2, 300, 400, 3 } } do
      local n = dw.backend and (type(x) == "table" and #x or x.shape[1])
      local labels = {}
      for i = 1, n do labels[i] = "picture " .. i end
      local elements = check(dw.plot.images(x, { labels = labels, title = "all" }))
      assert.equal(n, count(elements, "image"))
      assert.equal(n + 1, count(elements, "text"))
    end
  end)

  it("has the pictures' own colours, block by block", function()
    local x = dw.tensor({ { { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 10, 20, 30 } } } }, { dtype = "uint8" })
    local t = dw.plot.images(x):pixels()
    local h, w = t.shape[1], t.shape[2]
    assert.same({ 255, 0, 0 }, t(h // 2 - 20, w // 2 - 20):to_table())
    assert.same({ 0, 255, 0 }, t(h // 2 - 20, w // 2 + 20):to_table())
    assert.same({ 10, 20, 30 }, t(h // 2 + 20, w // 2 + 20):to_table())
    assert.same({ 255, 255, 255 }, t(2, 2):to_table())
    local middle = dw.plot.images(dw.full({ 1, 2, 2 }, 0.5), { range = { 0, 2 } }):pixels()
    assert.same({ 64, 64, 64 }, middle(h // 2, w // 2):to_table())
  end)
end)

describe("dw.plot.confusion", function()
  it("counts as a loop does", function()
    math.randomseed(5)
    local y_true, y_pred, want = {}, {}, {}
    for i = 1, 4 do want[i] = { 0, 0, 0, 0 } end
    for i = 1, 500 do
      y_true[i], y_pred[i] = math.random(4), math.random(4)
      want[y_true[i]][y_pred[i]] = want[y_true[i]][y_pred[i]] + 1
    end
    local right = want[1][1] + want[2][2] + want[3][3] + want[4][4]
    local matrix = dw.plot.confusion(want, { labels = { "a", "b", "c", "d" } })
    local title = ("accuracy %.1f %% (%d of 500)"):format(right / 5, right)
    assert.truthy(matrix:svg():find(title, 1, true))
    check(matrix)
    local names = { labels = { "a", "b", "c", "d" } }
    local probabilities = K.one_hot(dw.tensor(y_pred, { dtype = "int32" }), 4)
    for _, pair in ipairs { { y_true, y_pred }, { dw.tensor(y_true), dw.tensor(y_pred, { dtype = "int64" }) },
      { dw.tensor(y_true, { dtype = "uint8" }):reshape { 500, 1 }, probabilities } } do
      assert.equal(matrix:svg(), dw.plot.confusion(pair[1], pair[2], names):svg())
    end
  end)

  it("has rows for true classes, and shares as shades", function()
    local p = dw.plot.confusion { { 3, 1 }, { 0, 0 } }
    local want = "accuracy 75.0 % (3 of 4)\ntrue\n  │▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░\n1 │▓▓▓▓ 3 ▓▓▓░░░░ 1 ░░░\n2 │\n  │     0         0"
    assert.equal(want, (plain(p, 24, 9):gsub("^ +", ""):gsub("\n  └.*", "")))
    check(dw.plot.confusion(dw.zeros { 3, 3 }))
    check(dw.plot.confusion(dw.eye(40)))
    check(dw.plot.confusion({ { 0.5, 0.25 }, { 1e6, 123456789 } }, { labels = { "a long name of a class", "b & c" }, title = "t" }))
  end)
end)

describe("dw.plot.history", function()
  local function trained()
    local model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 2, activation = "softmax" } }
    model:compile { optimizer = "sgd", loss = "sparse_categorical_crossentropy", metrics = { "accuracy" } }
    local x, y = dw.uniform { 40, 3 }, dw.tensor(dw.arange(40):to_table(), { dtype = "int32" }) % 2 + 1
    return model, model:fit(x, y, { epochs = 4, verbose = 0, validation_split = 0.25, validation_freq = 2 })
  end

  it("has a panel for each metric, and epochs from 1", function()
    local model, h = trained()
    local elements = check(dw.plot.history(h))
    local names = table.concat(texts_of(elements), "|")
    for _, name in ipairs { "loss|loss|val_loss", "accuracy|accuracy|val_accuracy", "|1|2|3|4|", "epoch" } do
      assert.truthy(("|" .. names .. "|"):find(name, 1, true), names)
    end
    assert.equal(4, count(elements, "polyline") - 4) -- four of the legends
    assert.is_nil(dw.plot.history(h, { metrics = { "loss" } }):svg():find("accuracy", 1, true))
    assert.equal(dw.plot.history(h):svg(), dw.plot(h):svg())
    assert.equal(dw.plot.histogram(model):svg(), dw.plot(model):svg())
    -- Validation ran in epochs 2 and 4: its line ends where the other does, and begins later.
    local lines = {}
    for _, e in ipairs(check_svg(dw.plot.history(h, { metrics = { "loss" } }):svg())) do
      if e.name == "polyline" then lines[#lines + 1] = e.attributes.points end
    end
    assert.equal(lines[3]:match "(%S+),%S+$", lines[4]:match "(%S+),%S+$")
    assert.is_true(tonumber(lines[4]:match "^[^,]+") > tonumber(lines[3]:match "^[^,]+"))
  end)
end)
