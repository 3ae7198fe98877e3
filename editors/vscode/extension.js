// Starts `rest-source lsp` for the specs of a workspace.

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async () => {
  const settings = workspace.getConfiguration("rest-source");
  const server = { command: settings.get("command"), args: ["lsp"] };
  const pattern = settings.get("specs");
  client = new LanguageClient("rest-source", "rest-source", server, {
    documentSelector: [{ scheme: "file", language: "yaml", pattern }],
  });
  await client.start();
};

exports.deactivate = () => client?.stop();
