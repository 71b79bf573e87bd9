-- plot/axes.lua: where title, legend, axes and the area of the data go, and the drawing of all but the data. Texts are
-- measured by the canvas, so the same layout serves pixels and characters. Called by the charts.
-- Invariant: no two texts overlap, none leaves the box; a text that is too long is cut and ends in "…"; where labels of
-- an axis would touch, some are left out at equal distances.

local colours = require "dwconv.plot.colours"
local font = require "dwconv.plot.font"
local scale = require "dwconv.plot.scale"

local axes = {}

local function fitted(c, text, most, role)
  return font.fitted(text, most, function(t) return c:text_width(t, role) end)
end

axes.fitted = fitted

--- Draws a title at the top of a box; gives the rest of the box.
function axes.title(c, box, title)
  if not title then return box end
  local h = c:text_height "title"
  local text = fitted(c, title, box.w, "title")
  c:text(box.x + box.w / 2, box.y + h / 2, text, { role = "title", anchor = "middle", colour = colours.ink })
  local taken = h + c.gap_y
  return { x = box.x, y = box.y + taken, w = box.w, h = box.h - taken }
end

-- Calls f(entry, name, x, y) for each entry of a legend, in as many lines as they take; gives its height.
local function each_entry(c, box, entries, f)
  local h, x, y = c:text_height "label", box.x, box.y
  for i, e in ipairs(entries) do
    local name = fitted(c, e.name, box.w - c.swatch - c.gap_x, "label")
    local w = c.swatch + c.gap_x + c:text_width(name, "label")
    if i > 1 and x + w > box.x + box.w then x, y = box.x, y + h end
    f(e, name, x, y + h / 2)
    x = x + w + 2 * c.gap_x
  end
  return y + h - box.y + c.gap_y
end

-- Draws the names of series; gives the rest of the box.
local function legend(c, box, entries)
  local taken = each_entry(c, box, entries, function(e, name, x, middle)
    if e.patch then c:patch(x, middle, e.style) else c:sample(x, middle, e.style) end
    c:text(x + c.swatch + c.gap_x, middle, name, { role = "label" })
  end)
  return { x = box.x, y = box.y + taken, w = box.w, h = box.h - taken }
end

local function widest(c, texts)
  local most = 0
  for _, text in ipairs(texts) do most = math.max(most, c:text_width(text, "tick")) end
  return most
end

-- Every how many labels one is written so that none touches the next: `place(i)` is its middle, `size(i)` its length.
local function stride_of(n, place, size, gap)
  for stride = 1, n do
    local fits = true
    for i = 1, n - stride, stride do
      local j = i + stride
      fits = fits and math.abs(place(j) - place(i)) >= (size(i) + size(j)) / 2 + gap
    end
    if fits then return stride end
  end
  return n
end

--- What maps data to places in an area.
local function places(c, area, x, y)
  local w, h = area.w - 2 * c.inset_x, area.h - 2 * c.inset_y
  local left, bottom = area.x + c.inset_x, area.y + area.h - c.inset_y
  return function(v) return left + x:at(v) * w end, function(v) return bottom - y:at(v) * h end
end

local function draw_y(c, area, y, Y, labels)
  local edge = area.x - c.axis / 2
  local n, height = #y.ticks, c:text_height "tick"
  local stride = stride_of(n, function(i) return c:row(Y(y.ticks[i])) end, function() return height end, 0)
  for i, v in ipairs(y.ticks) do
    local at = Y(v)
    if c.grid and not scale.is_names(y) then c:rule(area.x, at, area.x + area.w, at, colours.grid) end
    if (i - 1) % stride == 0 then
      if not scale.is_names(y) then c:rule(edge - math.max(c.tick, c.axis / 2), at, edge, at, colours.axis) end
      c:text(edge - c.tick - c.axis / 2 - c.gap_x, at, labels[i], { role = "tick", anchor = "end" })
    end
  end
end

local function draw_x(c, area, x, X, labels, box)
  local edge = area.y + area.h + c.axis / 2
  local function width(i) return c:text_width(labels[i], "tick") end
  local stride = stride_of(#x.ticks, function(i) return X(x.ticks[i]) end, width, c.gap_x)
  for i, v in ipairs(x.ticks) do
    local at = X(v)
    if (i - 1) % stride == 0 then
      local names = scale.is_names(x)
      if c.grid and not names and x.grid then c:rule(at, area.y, at, area.y + area.h, colours.grid) end
      if not names then c:rule(at, edge, at, edge + math.max(c.tick, c.axis / 2), colours.axis) end
      local half = width(i) / 2
      local inside = math.min(math.max(at, box.x + half), box.x + box.w - half)
      c:text(inside, edge + c.axis / 2 + c.tick + c.gap_y / 2 + c:text_height "tick" / 2, labels[i],
        { role = "tick", anchor = "middle" })
    end
  end
end

local function joined(label, note)
  if label and note then return label .. "  (" .. note .. ")" end
  return label or note
end

-- The area of the data within a box, and the labels of the ticks as they are written.
local function area_of(c, box, spec)
  local tick_height, label_height = c:text_height "tick", c:text_height "label"
  local y_texts, x_texts = {}, {}
  for i, text in ipairs(spec.y.texts) do y_texts[i] = fitted(c, text, box.w * 0.4, "tick") end
  local left, most = widest(c, y_texts) + c.gap_x + c.tick + c.axis, box.w / 3
  if scale.is_names(spec.x) then
    most = math.max((box.w - left) / #spec.x.texts - c.gap_x, c:text_width("0000", "tick"))
  end
  for i, text in ipairs(spec.x.texts) do x_texts[i] = fitted(c, text, most, "tick") end
  local right = scale.is_names(spec.x) and 0 or math.floor(c:text_width(x_texts[#x_texts], "tick") / 2)
  local top = (spec.y_label and label_height + c.gap_y or 0) + (c.axis == 0 and tick_height / 2 or 0)
  local bottom = c.axis + c.tick + c.gap_y / 2 + tick_height + (spec.x_label and label_height + c.gap_y / 2 or 0)
  local area = { x = box.x + left, y = box.y + top, w = box.w - left - right, h = box.h - top - bottom }
  if spec.cells and c.kind == "text" then -- whole characters for each
    if area.w >= spec.cells then area.w = area.w // spec.cells * spec.cells end
    if area.h >= spec.cells then area.h = area.h // spec.cells * spec.cells end
  end
  return area, x_texts, y_texts
end

local LEAST_POINTS <const>, LEAST_LETTERS <const> = { w = 40, h = 24 }, { w = 3, h = 2 } -- of an area

-- Whether a chart has room for its data.
local function has_room(c, box, spec)
  local taken = spec.title and c:text_height "title" + c.gap_y or 0
  taken = taken + (spec.legend and each_entry(c, box, spec.legend, function() end) or 0)
  local area = area_of(c, { x = box.x, y = box.y, w = box.w, h = box.h - taken }, spec)
  local least = c.kind == "text" and LEAST_LETTERS or LEAST_POINTS
  return area.w >= least.w and area.h >= least.h
end

-- The chart without what it has no room for; nil if it has none for its data.
local function reduced(c, box, spec)
  local copy = {}
  for key, value in pairs(spec) do copy[key] = value end
  copy.x_label, copy.y_label = joined(spec.x_label, spec.x.note), joined(spec.y_label, spec.y.note)
  for _, key in ipairs { "x_label", "title", "legend", "y_label" } do
    if has_room(c, box, copy) then return copy end
    copy[key] = nil
  end
  return has_room(c, box, copy) and copy or nil
end

local function draw_labels(c, area, rest, spec)
  local height = c:text_height "label"
  if spec.y_label then
    c:text(rest.x, rest.y + height / 2, fitted(c, spec.y_label, rest.w, "label"), { role = "label" })
  end
  if spec.x_label then
    local above = c.axis + c.tick + c.gap_y + c:text_height "tick"
    local text = fitted(c, spec.x_label, area.w, "label")
    c:text(area.x + area.w / 2, area.y + area.h + above + height / 2, text, { role = "label", anchor = "middle" })
  end
end

--- Draws a chart with axes into a box. spec: title, x_label, y_label, x and y (scales), legend (entries: {name, style,
--- patch}), cells (of a heat map, to each side), paint(X, Y, area), which draws the data where X and Y place them. In a
--- box that is too small labels, title and legend are left out.
---@param c table a canvas
---@param box { x: number, y: number, w: number, h: number }
---@param spec table
function axes.draw(c, box, spec)
  spec = reduced(c, box, spec)
  if not spec then return end
  local rest = axes.title(c, box, spec.title)
  if spec.legend then rest = legend(c, rest, spec.legend) end
  local area, x_texts, y_texts = area_of(c, rest, spec)
  local X, Y = places(c, area, spec.x, spec.y)
  draw_labels(c, area, rest, spec)
  draw_y(c, area, spec.y, Y, y_texts)
  draw_x(c, area, spec.x, X, x_texts, rest)
  spec.paint(X, Y, area)
  local half = c.axis / 2
  c:rule(area.x - half, area.y + area.h + half, area.x + area.w, area.y + area.h + half, colours.axis)
  c:rule(area.x - half, area.y, area.x - half, area.y + area.h + half, colours.axis)
end

return axes
