-- ops/einsum.lua: sums of products over named axes. Two operands at a time are contracted, by a matrix product where
-- they share an axis that goes, so no product of all of them is ever made. Its parts are ops, whose gradients are its
-- own.
-- A term is a tensor and the names of its axes: letters, and "1", "2", ... for those of "...", from the last one.

local args = require "dwconv.args"
local ops = require "dwconv.ops"

local op = ops.family "gemm"
local K = ops.calls

local check, kinds, fail = args.check, args.kinds, args.raise

-- ---- reading ---------------------------------------------------------------------------------------

-- The names that a part of the equation gives to a number of axes; without a number, "..." stands as it is.
local function read_names(part, ndim, which)
  local before, dots, after = part:match "^(%a*)(%.?%.?%.?)(%a*)$"
  if not before or #dots % 3 ~= 0 then
    fail('%s of the equation is "%s"; it takes letters and at most one "..."', which, part)
  end
  local names = {}
  for name in before:gmatch "." do names[#names + 1] = name end
  if dots == "..." then
    local more = ndim and ndim - #before - #after or 1
    for i = more, 1, -1 do names[#names + 1] = ndim and tostring(i) or dots end
  end
  for name in after:gmatch "." do names[#names + 1] = name end
  if ndim and #names ~= ndim then
    fail('%s has %d axes, but the equation says "%s" of it', which, ndim, part)
  end
  return names
end

-- How often each name comes; the names of "..." by how far they are from the last.
local function count_names(terms)
  local counts, dots = {}, 0
  for _, t in ipairs(terms) do
    for _, name in ipairs(t.names) do
      counts[name] = (counts[name] or 0) + 1
      dots = math.max(dots, tonumber(name) or 0)
    end
  end
  return counts, dots
end

-- The names of the result: those after the arrow, or without an arrow "...", then the letters that come once, in order.
local function result_names(text, counts, dots)
  local names, seen = {}, {}
  local given = text and read_names(text, nil, "the result") or { "..." }
  if not text then
    for name, n in pairs(counts) do
      if n == 1 and not tonumber(name) then given[#given + 1] = name end
    end
    table.sort(given) -- "..." is before the letters
  end
  local has_dots = false
  for _, name in ipairs(given) do
    if name == "..." then
      has_dots = true
      for i = dots, 1, -1 do names[#names + 1] = tostring(i) end
    else
      if not counts[name] then fail('the result names "%s", which no operand has', name) end
      if seen[name] then fail('the result names "%s" twice', name) end
      names[#names + 1], seen[name] = name, true
    end
  end
  if dots > 0 and not has_dots then fail 'the operands have "...", but the result does not' end
  if #names > 8 then fail("the result would have %d axes, more than 8", #names) end
  return names
end

-- The size of each name, on which all operands must agree; those of "..." may be 1 here and there.
local function check_sizes(terms)
  local sizes = {}
  for i, t in ipairs(terms) do
    for k, name in ipairs(t.names) do
      local size, known = t.x.shape[k], sizes[name]
      local stretches = tonumber(name) and (size == 1 or known == 1)
      if known and size ~= known and not stretches then
        fail('axis %d of operand %d has size %d, but "%s" has size %d elsewhere', k, i, size,
          tonumber(name) and "..." or name, known)
      end
      if not known or known == 1 then sizes[name] = size end
    end
  end
end

local equation_kind = kinds.text()
local operand = kinds.tensor("a tensor for each part of the equation", { dtype = "numbers" })

local function check_operands(parts, operands)
  if operands.n ~= #parts then fail("the equation is of %d operands, got %d", #parts, operands.n) end
  local first = operands[1]
  for i = 1, operands.n do
    local x = operands[i]
    operand:check("operand " .. i, x)
    check.same_dtype(first, "operand 1", x, "operand " .. i)
  end
end

-- ---- one term --------------------------------------------------------------------------------------

local function position_of(names, name)
  for i, n in ipairs(names) do
    if n == name then return i end
  end
end

-- The term with its axes in the order of the names, of which it has each.
local function in_order(t, names)
  local pattern = {}
  for i, name in ipairs(names) do pattern[i] = position_of(t.names, name) end
  return K.permute_dimensions(t.x, pattern)
end

-- A name that comes twice in a term takes the diagonal.
local function without_repeats(t)
  for i, name in ipairs(t.names) do
    for k = i + 1, #t.names do
      if t.names[k] == name then
        local pattern, names = {}, {}
        for at, other in ipairs(t.names) do
          if at ~= i and at ~= k then pattern[#pattern + 1], names[#names + 1] = at, other end
        end
        names[#names + 1] = name
        pattern[#pattern + 1], pattern[#pattern + 2] = i, k
        return without_repeats { x = K.diagonal(K.permute_dimensions(t.x, pattern)), names = names }
      end
    end
  end
  return t
end

-- The term summed over the names that neither the other terms nor the result have.
local function summed(t, needed)
  local axes, names = {}, {}
  for i, name in ipairs(t.names) do
    if needed[name] then names[#names + 1] = name else axes[#axes + 1] = i end
  end
  if #axes == 0 then return t end
  return { x = K.sum(t.x, { axis = axes }), names = names }
end

-- ---- two terms -------------------------------------------------------------------------------------

-- The names of a and b by their fate: both have it and it stays, or both have it and it goes; only one has it.
local function sort_names(a, b, needed)
  local shared, gone, only_a, only_b = {}, {}, {}, {}
  for _, name in ipairs(a.names) do
    local list = not position_of(b.names, name) and only_a or needed[name] and shared or gone
    list[#list + 1] = name
  end
  for _, name in ipairs(b.names) do
    if not position_of(a.names, name) then only_b[#only_b + 1] = name end
  end
  return shared, gone, only_a, only_b
end

local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local function sizes_of(t, names)
  local sizes = {}
  for i, name in ipairs(names) do sizes[i] = t.x.shape[position_of(t.names, name)] end
  return sizes
end

local function product(sizes) return check.product(sizes, 1, #sizes) end

-- Sizes that broadcast to each other's.
local function stretched(a, b)
  local sizes = {}
  for i, size in ipairs(a) do sizes[i] = size == 1 and b[i] or size end
  return sizes
end

-- The axes of t by groups: those both have, as one where they need not stretch, then one for each of two groups.
local function as_matrices(t, shared, one, other, stretches)
  local first = sizes_of(t, shared)
  local last = { product(sizes_of(t, one)), product(sizes_of(t, other)) }
  local shape = joined(stretches and first or { product(first) }, last)
  return K.reshape(in_order(t, joined(shared, one, other)), shape)
end

-- Axes of size 1 where t lacks a name, so that it broadcasts.
local function spread(t, names)
  local own, shape = {}, {}
  for i, name in ipairs(names) do
    local at = position_of(t.names, name)
    shape[i] = at and t.x.shape[at] or 1
    if at then own[#own + 1] = name end
  end
  return K.reshape(in_order(t, own), shape)
end

local function contracted(a, b, needed)
  local shared, gone, only_a, only_b = sort_names(a, b, needed)
  local names = joined(shared, only_a, only_b)
  if #names > 8 then fail("a product on the way would have %d axes, more than 8", #names) end
  if #gone == 0 then return { x = spread(a, names) * spread(b, names), names = names } end
  local sa, sb = sizes_of(a, shared), sizes_of(b, shared)
  local sizes = stretched(sa, sb)
  local stretches = table.concat(sa, "x") ~= table.concat(sb, "x")
  if stretches and #shared > 6 then fail "the axes of \"...\" that stretch are too many" end
  local y = K.matmul(as_matrices(a, shared, only_a, gone, stretches), as_matrices(b, shared, gone, only_b, stretches))
  return { x = K.reshape(y, joined(sizes, sizes_of(a, only_a), sizes_of(b, only_b))), names = names }
end

-- What the others and the result name.
local function needed_by(terms, names, but1, but2)
  local needed = {}
  for _, name in ipairs(names) do needed[name] = true end
  for i, t in ipairs(terms) do
    for _, name in ipairs(i ~= but1 and i ~= but2 and t.names or {}) do needed[name] = true end
  end
  return needed
end

-- How many numbers the product of two terms has more than they have themselves.
local function growth(a, b, needed)
  local shared, _, only_a, only_b = sort_names(a, b, needed)
  local n, both = 1.0, stretched(sizes_of(a, shared), sizes_of(b, shared))
  for _, size in ipairs(joined(both, sizes_of(a, only_a), sizes_of(b, only_b))) do n = n * size end
  return n - a.x.size - b.x.size
end

-- The two terms whose product grows least, the first of equal ones.
local function next_pair(terms, names)
  local least, i, j = math.huge, 1, 2
  if #terms == 2 then return i, j end
  for a = 1, #terms do
    for b = a + 1, #terms do
      local more = growth(terms[a], terms[b], needed_by(terms, names, a, b))
      if more < least then least, i, j = more, a, b end
    end
  end
  return i, j
end

-- ---- the op ----------------------------------------------------------------------------------------

local function read_equation(equation)
  local text = equation_kind:check("equation", equation):gsub("%s", "")
  local left, right = text:match "^(.-)%->(.*)$"
  local parts = {}
  for part in ((left or text) .. ","):gmatch "([^,]*)," do parts[#parts + 1] = part end
  return parts, right
end

op "einsum" {
  doc = [[
The sum of products that an equation names, as "bij,bjk->bik": a letter for each axis of each operand, then those of the
result. Letters that the result does not name are summed over; one that comes twice in an operand takes its diagonal;
"..." stands for axes that broadcast. Without an arrow the result has "...", then the letters that come once, in
alphabetical order.]],
  args = {},
  values = { { "equation", equation_kind }, { "...", operand } },
  result = "as the equation says",
  raw = true,
  forward = function(equation, ...)
    local parts, right = read_equation(equation)
    local operands, terms = table.pack(...), {}
    check_operands(parts, operands)
    for i, part in ipairs(parts) do
      terms[i] = { x = operands[i], names = read_names(part, operands[i].ndim, "operand " .. i) }
    end
    check_sizes(terms)
    local names = result_names(right, count_names(terms))
    for i, t in ipairs(terms) do terms[i] = without_repeats(t) end
    for i, t in ipairs(terms) do terms[i] = summed(t, needed_by(terms, names, i)) end
    while #terms > 1 do
      local i, j = next_pair(terms, names)
      local y = contracted(terms[i], terms[j], needed_by(terms, names, i, j))
      table.remove(terms, j)
      terms[i] = y
    end
    return in_order(terms[1], names)
  end,
  backward = "parts",
  differs = "Keras's backend does not have it.",
  sample = function(R) return "bij,bjk,k->ib", R { 2, 3, 4 }, R { 2, 4, 2 }, R { 2 } end,
  example = [[
a, b = dw.tensor { { 1, 2 }, { 3, 4 } }, dw.tensor { { 1, 0 }, { 1, 1 } }
print(K.einsum("ij,jk->ik", a, b), K.einsum("ii", a))]],
  errors = "Operands whose axes or sizes are not as the equation says, bools, dtypes that differ.",
}
