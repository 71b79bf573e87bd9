-- onnx_spec.lua: K against the results of onnx's own test data, an oracle beside TensorFlow: pools, resizing, padding,
-- convolutions, normalizations, activations. Cases that K cannot express say why, and are counted by that.

local dw = require "dwconv"
local onnx = require "onnx_calls"
local K = dw.backend

local RTOL, ATOL = 1e-4, 1e-6 -- onnx's own: 1e-3 and 1e-7

-- Functions that K does not have yet: cases that need them wait. Once all are there, no case does.
local WAITS = {}
for name in ([[conv1d conv2d conv3d conv1d_transpose conv2d_transpose conv3d_transpose elu selu gelu mish softplus softsign
  hard_sigmoid hard_silu leaky_relu batch_normalization normalize_batch_in_training layer_normalization
  group_normalization]]):gmatch "%S+" do
  if not rawget(K, name) then WAITS[#WAITS + 1] = name end
end

local counts = { apply = 0, pass = 0, wait = 0, reasons = {} }

local function waits_for(message)
  for _, name in ipairs(WAITS) do
    if message:find(name, 1, true) then return name end
  end
end

local function check(c)
  local results = table.pack(pcall(onnx.calls[c.op], c, c.inputs))
  if not results[1] then
    if waits_for(tostring(results[2])) then
      counts.wait = counts.wait + 1
      return
    end
    error(results[2], 0)
  end
  if results[2] == nil then
    counts.reasons[results[3]] = (counts.reasons[results[3]] or 0) + 1
    return
  end
  counts.apply = counts.apply + 1
  for i, want in ipairs(c.outputs) do
    local got = results[1 + i]
    if got == nil then break end -- positions of the largest, which K does not give
    local close, why = dw.close(got, want, { rtol = RTOL, atol = ATOL })
    if not close then error(("result %d: %s"):format(i, why), 0) end
  end
  counts.pass = counts.pass + 1
end

describe("onnx's test data:", function()
  local ops, of = {}, {}
  for _, c in ipairs(onnx.load()) do
    if not of[c.op] then ops[#ops + 1], of[c.op] = c.op, {} end
    table.insert(of[c.op], c)
  end

  for _, op in ipairs(ops) do
    it(("%s, %d cases"):format(op, #of[op]), function()
      local failures = {}
      for _, c in ipairs(of[op]) do
        local good, why = pcall(check, c)
        if not good then failures[#failures + 1] = c.name .. ": " .. tostring(why) end
      end
      if #failures > 0 then error(("%d cases:\n%s"):format(#failures, table.concat(failures, "\n")), 0) end
    end)
  end

  it("was compared", function()
    local reasons = {}
    for reason, n in pairs(counts.reasons) do reasons[#reasons + 1] = ("%3d  %s"):format(n, reason) end
    table.sort(reasons)
    print(("\nonnx: %d cases apply, %d pass; %d wait for functions; what K cannot express:\n%s"):format(counts.apply,
      counts.pass,
      counts.wait, table.concat(reasons, "\n")))
    assert.is_true(counts.apply > 60 and counts.pass == counts.apply)
  end)
end)
