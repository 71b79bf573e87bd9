-- command.lua: the command `dwconv`: the prompt, a script, a line of code, or one of the small commands. Called by
-- bin/dwconv alone. Exit codes: 0, 1 when something fails, 2 for a wrong use of the command, 130 after Ctrl-C.

local _ENV = require "dwconv.repl.globals"

local system = require "dwconv.prompt"

local command = {}

local FAILED <const>, MISUSED <const>, INTERRUPTED <const> = 1, 2, 130

local ABOUT <const> = "Tensors and convolution networks for Lua: a prompt, and small commands."

local USAGE <const> = "Usage: dwconv [-h] [--version] [-i] [-e CODE] [FILE [args...]]\n"
  .. "       dwconv info | help [NAME] | summary MODEL | show FILE"

local EXAMPLES <const> = [[
Examples:
  dwconv                                  the prompt; ? is its help
  dwconv train.lua --epochs 5             runs a script with its arguments
  dwconv -i train.lua                     then goes on at the prompt, with the script's variables
  dwconv -e 'print(K.sum(dw.ones { 3 }))' runs a line; dw, K, ops and layers are at hand
  dwconv -e 'dw.uniform { 2, 3 }'         prints the value of the line
  dwconv help depthwise_conv2d            help on a function, a class or a topic
  dwconv summary model.safetensors        the layers of a saved model
  dwconv show photo.jpg                   a picture in the terminal; an .npy file, too]]

-- ---- arguments ---------------------------------------------------------------------------------------

local function new_parser(dw)
  local parser = require "argparse"("dwconv", ABOUT, EXAMPLES)
  parser:usage(USAGE)
  parser:add_help(true)
  parser:flag("--version", "Print the version, and end."):action(function()
    print(dw._VERSION)
    os.exit(0)
  end)
  parser:flag("-i --interactive", "Go on at the prompt after CODE or FILE.")
  parser:option("-e", "Run a line of code, as the prompt does; may be given several times."):argname "CODE"
    :target "execute":count "*"
  parser:require_command(false)
  parser:command_target "command"
  parser:command("info", "What this build and machine are.")
  parser:command("help", "Help on a function, a class or a topic; an overview without NAME."):argument("name"):args "?"
  parser:command("summary", "The layers of a saved model, with shapes and parameters."):argument "model"
  local show = parser:command("show", "Show a picture (PNG, JPEG), or the tensor of an .npy file, in the terminal.")
  show:argument "file"
  return parser
end

local COMMANDS <const> = { info = true, help = true, summary = true, show = true }

-- Splits the arguments where a script begins, which gets the rest: those of the command, and the number of the first of
-- the script's, if there is one. "-e" and "-ie" are joined with their code, as that may begin with a dash.
local function split(given)
  local own, i = {}, 1
  while given[i] and given[i]:sub(1, 1) == "-" and given[i] ~= "-" do
    if given[i]:find "^%-i?e$" and given[i + 1] then
      if given[i] == "-ie" then own[#own + 1] = "-i" end
      own[#own + 1] = "-e" .. given[i + 1]
      i = i + 1
    else
      own[#own + 1] = given[i]
    end
    i = i + 1
  end
  if not given[i] then return own, nil end
  if COMMANDS[given[i]] then return table.move(given, i, #given, #own + 1, own), nil end
  return own, i
end

-- What the arguments say, and the number of a script's among them; or nil, after a message.
local function parsed(dw, given)
  if #given == 0 then return {}, nil end
  if not pcall(require, "argparse") then
    io.stderr:write "dwconv: its arguments need argparse: luarocks install argparse (on Debian lua-argparse)\n"
    return nil
  end
  local own, file_at = split(given)
  local fine, result = new_parser(dw):pparse(own)
  if fine then return result, file_at end
  io.stderr:write("dwconv: ", result, "\n`dwconv --help` says how it is used.\n")
end

-- ---- what is done ------------------------------------------------------------------------------------

-- Runs f so that its error becomes a line on standard error; gives an exit code.
local function guarded(f, ...)
  local fine, why = system.call(f, ...)
  if fine then return why or 0 end
  io.stderr:write("dwconv: ", tostring(why):gsub("^[^\n]-:%d+: ", "", 1), "\n")
  return tostring(why):find "interrupted!$" and INTERRUPTED or FAILED
end

local small = {}

function small.info(dw) print(dw.info()) end

function small.help(dw, o)
  if not o.name then return dw.help() end
  local text, why = require("dwconv.help").find(o.name)
  if not text then error(why, 0) end
  print(text)
end

function small.summary(dw, o) dw.load_model(o.model):summary() end

-- What has not the axes of a picture is printed.
function small.show(dw, o)
  local t = o.file:lower():find "%.npy$" and dw.io.npy.read(o.file) or dw.io.image.read(o.file)
  if t.ndim < 2 or t.ndim > 4 or t.size == 0 then print(t) else dw.show(t) end
end

-- The script of a file, or of standard input for "-".
local function load_script(path, session)
  local text
  if path == "-" then
    local fine
    fine, text = system.call(io.read, "a")
    if not fine then return nil, "interrupted!" end
  else
    local f, why = io.open(path, "rb")
    if not f then return nil, why end
    text, why = f:read "a"
    f:close()
    if not text then return nil, ("%s: %s"):format(path, why) end
  end
  text = text:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "")
  local name = path == "-" and "=stdin" or "@" .. path
  if not session.keeps_locals then return load(text, name) end
  -- a call at its end, where its locals are all there; a script that ends in `return` cannot keep them
  session.env.keep_locals_of_script__ = function() session:keep_locals(2) end
  return load(text .. "\nkeep_locals_of_script__()", name, "t", session.env) or load(text, name, "t", session.env)
end

-- Runs a file as lua5.4 does; with -i its variables stay.
local function run_file(session, given, at, interactive)
  local path = given[at]
  _G.arg = table.move(given, at, #given, 0, { [-1] = "dwconv" })
  session.keeps_locals = interactive
  local f, why = load_script(path, session)
  if not f then
    session:report { value = why }
    return false
  end
  return (session:call(nil, f, table.unpack(_G.arg)))
end

-- What a failure is to the shell.
local function code_of(session, fine)
  if not fine then return session.interrupted and INTERRUPTED or FAILED end
  local written, why = io.stdout:flush()
  if written then return 0 end
  io.stderr:write("dwconv: standard output: ", why, "\n")
  return FAILED
end

--- Does what the arguments say; gives the exit code.
---@param given string[]
---@return integer
function command.run(given)
  local dw = require "dwconv"
  local options, file_at = parsed(dw, given)
  if not options then return MISUSED end
  if options.command then return guarded(small[options.command], dw, options) end
  local session = require("dwconv.repl.session").new(dw)
  local fine = true
  for _, code in ipairs(options.execute or {}) do fine = fine and session:enter(code) end
  if fine and file_at then fine = run_file(session, given, file_at, options.interactive) end
  local has_run = file_at or #(options.execute or {}) > 0
  if has_run and not options.interactive then return code_of(session, fine) end
  fine = require("dwconv.repl").run(dw, session, options.interactive)
  return code_of(session, fine)
end

return command
