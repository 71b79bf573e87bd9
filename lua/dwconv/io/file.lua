-- io/file.lua: whole files in, whole files out. A write goes to a temporary file beside the target and is renamed
-- when it is complete, so that a reader never meets half a file. Used by the other rooms of io.

local options = require "dwconv.options"

local file = {}

--- Checks that `path` is a usable file name, in the words of `name`'s caller.
function file.check_path(name, path)
  if type(path) ~= "string" or path == "" or path:find("\0", 1, true) then
    options.raise(("%s: path must be a file name, got %s"):format(name, options.show(path)))
  end
end

--- The bytes of a file.
function file.read(name, path)
  file.check_path(name, path)
  local f, why = io.open(path, "rb")
  if not f then options.raise(("%s: %s"):format(name, why)) end
  local bytes, problem = f:read "a"
  f:close()
  if not bytes then options.raise(("%s: cannot read %s: %s"):format(name, path, problem)) end
  return bytes
end

local count = 0

--- Writes the strings in `parts` as the file.
function file.write(name, path, parts)
  file.check_path(name, path)
  count = count + 1
  local temporary = ("%s.%x-%d.part"):format(path, os.time() ~ tonumber(tostring(parts):match "0x(%x+)", 16), count)
  local f, why = io.open(temporary, "wb")
  if not f then -- in the user's words: the temporary name is ours
    local reason = why:sub(1, #temporary) == temporary and why:sub(#temporary + 3) or why
    options.raise(("%s: %s: %s"):format(name, path, reason))
  end
  local good, problem = true, nil
  for _, part in ipairs(parts) do
    good, problem = f:write(part)
    if not good then break end
  end
  local closed, close_problem = f:close()
  if good and closed then
    good, problem = os.rename(temporary, path)
  else
    good, problem = nil, problem or close_problem
  end
  if not good then
    os.remove(temporary)
    options.raise(("%s: cannot write %s: %s"):format(name, path, problem))
  end
end

return file
