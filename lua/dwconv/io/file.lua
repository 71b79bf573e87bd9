-- io/file.lua: files for the other rooms of io, which read and write numbers where they lie, piece by piece, so that a
-- file takes no memory besides its tensor and Ctrl-C is noticed between two pieces.
--
-- A write goes to a new file in the target's folder, without a name where the system has that, and takes the target's
-- place when it is complete: a reader never meets half a file, however many processes write it, and a failed or killed
-- write leaves the old one. Symbolic links are followed; mode, owner and access list stay, other attributes and
-- further hard links do not. Pipes and devices are written to, not replaced. Where there can be no new file (a folder
-- that is read only, another's file), the target is written in place, as cp does. What can be left over: a name
-- .dwconv-PROCESS-N.part of a process that was killed, on file systems that know no files without names (NFS).
-- Nothing waits for the disk: after a power cut the new content may be missing.

local args = require "dwconv.args"
local core = require "dwconv.core"

local file = {}

--- Whether this machine's numbers begin with their lowest byte.
file.LITTLE = string.pack("=I2", 1):byte() == 1

local PIECE = 1 << 20 -- bytes that the core reads or writes at a time
local SIZES = { float32 = 4, float64 = 8, int32 = 4, int64 = 8, uint8 = 1, bool = 1 }

--- The kind of arguments that are a file's name.
file.path = args.kinds.new {
  annotation = "string",
  words = "a string",
  expected = "a file name",
  read = function(v) return type(v) == "string" and v ~= "" and not v:find("\0", 1, true) and v or nil end,
}

-- ---- pieces --------------------------------------------------------------------------------------

--- Bytes of one element.
function file.width(dtype) return SIZES[dtype] end

--- Calls visit with views that are together the tensor, in row-major order, each of at most a piece.
function file.each_piece(t, visit)
  local bytes = t.size * SIZES[t.dtype]
  if bytes <= PIECE then return visit(t) end
  local rows = t.shape[1]
  local n = PIECE * rows // bytes
  for first = 1, rows, math.max(1, n) do
    if n == 0 then
      file.each_piece(core.select(t, 1, first), visit)
    else
      visit(core.narrow(t, 1, first, math.min(n, rows - first + 1)))
    end
  end
end

--- A tensor whose numbers the caller writes.
file.tensor = core.empty

-- ---- reading -------------------------------------------------------------------------------------

---@class dwconv.io.file an open file, which closes with its variable
---@field left? number bytes that are left to read; infinite for a pipe or device, whose end is not known before
local opened = {}
opened.__index = opened

function opened.__close(f) core.file_close(f.handle) end

--- Raises `text` as what is wrong with the file.
function opened:refuse(text) args.raise("%s: %s", self.path, text) end

local function open(path, call)
  local f = setmetatable({ path = path }, opened)
  local handle, more = call(path)
  if not handle then f:refuse(more) end
  f.handle, f.left = handle, more or math.huge
  return f
end

--- The result of a call of the core, or its error.
function opened:check(result, why)
  if not result then self:refuse(why) end
  return result
end

--- Opens a file to read.
function file.open(path) return open(path, core.file_open) end

--- The next n bytes (at most a piece) as a string, fewer where the file ends.
function opened:read(n)
  local bytes = self:check(core.file_read(self.handle, n))
  self.left = self.left - #bytes
  return bytes
end

-- The numbers of a tensor of at most a piece; how many bytes there were.
local function fill_piece(f, t, swapped)
  local n = f:check(core.file_fill(f.handle, t, swapped))
  f.left = f.left - n
  return n
end

--- The next numbers, into a tensor. `swapped`: the file has the other byte order.
function opened:fill(t, swapped)
  local width = SIZES[t.dtype]
  file.each_piece(t, function(piece)
    if fill_piece(self, piece, swapped) < piece.size * width then self:refuse "the file ends too early" end
  end)
end

-- All bytes of a pipe: each tensor is twice as long as the one before.
local function drain(f)
  local t, n = file.tensor({ PIECE }, "uint8"), 0
  while true do
    if n == t.size then
      local longer = file.tensor({ 2 * n }, "uint8")
      core.update(core.narrow(longer, 1, 1, n), t)
      t = longer
    end
    local got = fill_piece(f, core.narrow(t, 1, n + 1, math.min(PIECE, t.size - n)))
    if got == 0 then return core.narrow(t, 1, 1, n) end
    n = n + got
  end
end

--- All bytes of a file, as uint8 tensor (n).
function file.bytes(path)
  local f <close> = file.open(path)
  if f.left == math.huge then return drain(f) end
  local t = file.tensor({ f.left }, "uint8")
  f:fill(t)
  return t
end

--- The names in a folder, sorted; those of folders within end in "/".
---@param path string
---@return string[]
function file.names(path)
  local names, why = core.folder_list(path)
  if not names then args.raise("%s: %s", path, why) end
  table.sort(names)
  return names
end

-- ---- writing -------------------------------------------------------------------------------------

--- Opens a file to write: what is written counts once it is committed.
function file.create(path) return open(path, core.file_create) end

--- Writes a string, or the numbers of a tensor.
function opened:write(what)
  if type(what) == "string" then return self:check(core.file_write(self.handle, what)) end
  file.each_piece(what, function(piece) self:check(core.file_write(self.handle, piece)) end)
end

--- What was written becomes the file.
function opened:commit() self:check(core.file_commit(self.handle)) end

return file
