-- xml.lua: a reader of the part of XML that SVG files of dwconv use: elements, attributes, text, the five entities. It
-- raises what is not well formed. Used by specs of what writes SVG.

local xml = {}

local ENTITIES <const> = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

local function unescaped(text)
  assert(not text:find "[<>]", "a < or > stands in a text: " .. text)
  return (text:gsub("&([^;]*);?", function(name) return assert(ENTITIES[name], "no entity &" .. name) end))
end

local function attributes_of(text)
  local attributes, at = {}, 1
  while text:find("%S", at) do
    local first, last, name, value = text:find('^%s+([%w:%-]+)="([^"]*)"', at)
    assert(first, "no attribute at: " .. text:sub(at, at + 40))
    assert(attributes[name] == nil, "the attribute " .. name .. " stands twice")
    attributes[name], at = unescaped(value), last + 1
  end
  return attributes
end

--- All elements of a text in order: {name =, attributes =, text = (of those without elements in them)}.
function xml.elements(source)
  assert(utf8.len(source), "no UTF-8")
  assert(not source:find "[%z\1-\8\11\12\14-\31]", "a control character")
  local list, open, at = {}, {}, 1
  while true do
    local first, last, slash, name, rest, close = source:find("<(/?)([%a][%w]*)([^<>]-)(/?)>", at)
    local text = unescaped(source:sub(at, (first or 0) - 1))
    if #open > 0 then open[#open].text = (open[#open].text or "") .. text else assert(not text:find "%S", "text outside") end
    if not first then break end
    if slash == "/" then
      assert(#open > 0 and open[#open].name == name, "closes what is not open: " .. name)
      table.remove(open)
    else
      local element = { name = name, attributes = attributes_of(rest) }
      list[#list + 1] = element
      if close == "" then open[#open + 1] = element end
    end
    at = last + 1
  end
  assert(#open == 0, "not closed: " .. (open[1] and open[1].name or ""))
  return list
end

return xml
