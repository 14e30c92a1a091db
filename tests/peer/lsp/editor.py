"""What the tests know of an editor: texts with places, documents with versions, edits that are applied.

The client underneath is pytest-lsp's. Places are counted here once more, from the words of the protocol and without a look at the
server: lines end at `\\n`, `\\r\\n` or `\\r`, characters count as many as UTF-16 has units.
"""

import asyncio
import os
import re

import pytest_lsp
from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

CURSOR = "¦"
PATIENCE = int(os.environ.get("BAKEC_PATIENCE", "60"))


def units(text):
    return len(text.encode("utf-16-le")) // 2


def line_starts(text):
    return [0] + [end.end() for end in re.finditer(r"\r\n|\n|\r", text)]


def position(text, index):
    """The place of a character, counted from the start of the text."""
    starts = line_starts(text)
    line = max(number for number, start in enumerate(starts) if start <= index)
    return lsp.Position(line, units(text[starts[line] : index]))


def index(text, place):
    """The character at a place."""
    starts = line_starts(text)
    at = starts[place.line]
    count = 0
    while count < place.character:
        count += units(text[at])
        at += 1
    assert count == place.character, f"{place} is inside a character"
    return at


def covered(text, range):
    return text[index(text, range.start) : index(text, range.end)]


def replaced(text, edits):
    """The text with edits applied, none of which may touch another."""
    spans = sorted((index(text, e.range.start), index(text, e.range.end), e.new_text) for e in edits)
    for (_, end, _), (start, _, _) in zip(spans, spans[1:]):
        assert end <= start, f"the edits {edits} overlap"
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    return text


class Editor:
    """A folder, its open documents, and the client that speaks for them."""

    def __init__(self, client, folder):
        self.client: LanguageClient = client
        self.folder = folder
        self.texts = {}
        self.versions = {}
        self.published = {}
        self.arrived = asyncio.Condition()
        self.registered = []
        self.refreshed = 0
        self.gone = False

    @classmethod
    async def start(cls, program, folder, like="visual-studio-code", options=None, arguments=(), change=None, roots=True):
        client = LanguageClient(converter_factory=default_converter)
        self = cls(client, folder)

        async def published(params: lsp.PublishDiagnosticsParams):
            async with self.arrived:
                self.published[params.uri] = params
                self.arrived.notify_all()

        def registered(params: lsp.RegistrationParams):
            self.registered = params.registrations

        def refreshed(params: None):
            self.refreshed += 1

        # Beside these, what a server asks of a client that says it can.
        features = {
            **DEFAULT_CLIENT_FEATURES,
            lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: published,
            lsp.CLIENT_REGISTER_CAPABILITY: registered,
            lsp.WORKSPACE_INLAY_HINT_REFRESH: refreshed,
            lsp.WORKSPACE_CODE_LENS_REFRESH: refreshed,
            lsp.WORKSPACE_SEMANTIC_TOKENS_REFRESH: refreshed,
        }
        register_lsp_features(client, features)
        await client.start_io(program, "lsp", *arguments)
        capabilities = pytest_lsp.client_capabilities(like)
        if change:
            change(capabilities)
        folders = [lsp.WorkspaceFolder(folder.as_uri(), folder.name)] if roots else None
        params = lsp.InitializeParams(capabilities, workspace_folders=folders, initialization_options=options)
        self.answer = await client.initialize_session(params)
        return self

    async def leave(self):
        if not self.gone:
            await asyncio.wait_for(self.client.shutdown_session(), PATIENCE)
            assert self.client._server.returncode == 0
        await self.client.stop()

    # ---- documents

    def uri(self, name):
        return (self.folder / name).as_uri()

    def document(self, name):
        return lsp.TextDocumentIdentifier(self.uri(name))

    def open(self, name, text=None):
        """Opens a file; with other text than it has where some is given."""
        if text is None:
            text = (self.folder / name).read_bytes().decode()
        self.texts[name], self.versions[name] = text, 1
        document = lsp.TextDocumentItem(self.uri(name), "bake", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))

    def type(self, name, *changes):
        """Sends changes, `(from, to, text)` by characters of what the text is then; `None` for all of it."""
        sent = []
        for start, end, new in changes:
            text = self.texts[name]
            if start is None:
                sent.append(lsp.TextDocumentContentChangeWholeDocument(new))
                self.texts[name] = new
                continue
            range = lsp.Range(position(text, start), position(text, end))
            sent.append(lsp.TextDocumentContentChangePartial(range, new))
            self.texts[name] = text[:start] + new + text[end:]
        self.versions[name] += 1
        document = lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, sent))

    def replace(self, name, old, new):
        """Types something in the place of words that stand there once."""
        assert self.texts[name].count(old) == 1, f"{old} does not stand there once"
        at = self.texts[name].index(old)
        self.type(name, (at, at + len(old), new))

    def rewrite(self, name, text):
        self.type(name, (None, None, text))

    def close(self, name):
        del self.texts[name], self.versions[name]
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(self.document(name)))

    def text(self, name):
        return self.texts[name] if name in self.texts else (self.folder / name).read_text()

    def name(self, uri):
        return uri.removeprefix(self.folder.as_uri() + "/")

    def at(self, name, words, behind=0):
        """The document and place of words, `behind` characters into them, as requests have it."""
        text = self.texts[name]
        assert words in text, f"{words} does not stand in {name}"
        return {"text_document": self.document(name), "position": position(text, text.index(words) + behind)}

    def apply(self, edit):
        """Applies what the server wants changed, also to files that are not open. Gives the names of the files."""
        for uri, edits in edit.changes.items():
            name = self.name(uri)
            text = replaced(self.text(name), edits)
            if name in self.texts:
                self.rewrite(name, text)
            else:
                (self.folder / name).write_text(text)
        return {self.name(uri) for uri in edit.changes}

    # ---- what comes back

    async def told(self, name, is_it):
        """What was published last of a file, once it is as wanted."""
        uri = self.uri(name)
        async with self.arrived:
            wait = self.arrived.wait_for(lambda: uri in self.published and is_it(self.published[uri]))
            try:
                await asyncio.wait_for(wait, PATIENCE)
            except asyncio.TimeoutError:
                raise AssertionError(f"of {name} there is only {self.published.get(uri)}") from None
            return self.published[uri]

    async def diagnostics(self, name):
        """The diagnostics of a document as it is now."""
        version = self.versions[name]
        return (await self.told(name, lambda p: p.version == version)).diagnostics

    async def codes(self, name):
        return [diagnostic.code for diagnostic in await self.diagnostics(name)]

    async def hover(self, name, words, behind=0):
        found = await self.client.text_document_hover_async(lsp.HoverParams(**self.at(name, words, behind)))
        return found and found.contents.value

    async def complete(self, name, text):
        """What may be written at the cursor of a text, which the document becomes."""
        at = text.index(CURSOR)
        self.rewrite(name, text.replace(CURSOR, "", 1))
        place = position(self.texts[name], at)
        params = lsp.CompletionParams(self.document(name), place)
        found = await self.client.text_document_completion_async(params)
        items = found.items if isinstance(found, lsp.CompletionList) else found or []
        items = sorted(items, key=lambda item: item.sort_text or item.label)
        for item in items:
            edit = item.text_edit
            # The protocol: on one line, and around the place that was asked about.
            assert edit.range.start.line == edit.range.end.line == place.line
            assert edit.range.start.character <= place.character <= edit.range.end.character
        return {item.label: item for item in items}

    def completed(self, name, item):
        """The text of the document with an item of the list put in."""
        return replaced(self.texts[name], [item.text_edit])

    async def actions(self, name, words):
        """What can be done about words of a document, by title."""
        text = self.texts[name]
        start = text.index(words)
        range = lsp.Range(position(text, start), position(text, start + len(words)))
        params = lsp.CodeActionParams(self.document(name), range, lsp.CodeActionContext([]))
        found = await self.client.text_document_code_action_async(params)
        return {action.title: action for action in found or []}
