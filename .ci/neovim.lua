-- The test of .ci/neovim, in a folder with guide.lua and specs/media.yaml.

local function fail(message)
  io.stderr:write("\nnvim: " .. message .. "\n")
  vim.cmd("cquit 1")
end

-- Neovim 0.7 has no `vim.lsp.start`.
if not vim.lsp.start then
  vim.lsp.start = function(config)
    vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
  end
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

local function wait_for(what, condition)
  if not vim.wait(30000, condition, 50) then
    fail("no " .. what .. " in:\n" .. text() .. "\n" .. vim.inspect(vim.diagnostic.get(0)))
  end
end

local function request(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 30000) or {}
  for _, answer in pairs(answers) do
    if answer.error then
      fail(method .. ": " .. vim.inspect(answer.error))
    end
    return answer.result
  end
  fail("no answer to " .. method)
end

local function apply(edit)
  vim.lsp.util.apply_workspace_edit(edit, "utf-16")
end

local ok, message = pcall(function()
  dofile("guide.lua")
  vim.cmd("edit! specs/media.yaml")

  -- Open and diagnose.
  wait_for("diagnostic", function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  assert(found.lnum == 2 and found.message:find("pagination"), vim.inspect(found))

  -- Fix.
  vim.api.nvim_win_set_cursor(0, { 3, 4 })
  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = {} }
  local actions = request("textDocument/codeAction", params)
  apply(actions[1].edit)
  assert(text():find("paginator: single_page"), text())
  wait_for("valid spec", function() return #vim.diagnostic.get(0) == 0 end)

  -- Type and complete.
  vim.api.nvim_buf_set_lines(0, 5, 5, false, { "    write" })
  vim.api.nvim_win_set_cursor(0, { 6, 9 })
  vim.cmd("startinsert!")
  local position = vim.lsp.util.make_position_params()
  position.position = { line = 5, character = 9 }
  local items = request("textDocument/completion", position)
  local labels = {}
  for _, item in ipairs(items.items or items) do
    labels[item.label] = item.textEdit.newText
  end
  assert(labels.write_disposition == "write_disposition: ", vim.inspect(labels))
  vim.api.nvim_buf_set_lines(0, 5, 6, false, { "    write_disposition: merge" })

  -- Rename.
  position.position = { line = 6, character = 17 }
  position.newName = "key"
  apply(request("textDocument/rename", position))
  assert(text():find("primary_key: key") and text():find("key: text!"), text())
  wait_for("valid spec after the rename", function() return #vim.diagnostic.get(0) == 0 end)
end)
if not ok then
  fail(tostring(message))
end
print("nvim: opened, diagnosed, fixed, completed and renamed\n")
vim.cmd("qall!")
