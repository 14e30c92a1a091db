//! The language server after any edits knows what a fresh one knows: documents are opened, changed piece by piece and closed in
//! any order, and import each other; then every answer is that of a server that gets the last texts at once.
//!
//! It speaks the protocol with a server on a thread, and knows nothing of how it works.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bakec::compile::Options;
use bakec::lsp::{End, serve};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

/// So long a server may take for an answer, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of the folder; a document begins as its file, and is it again when it is closed.
const FILES: [(&str, &str); 3] = [
    (
        "main.bake",
        r#"import "lib.bake"
import "part.bake"

/// 🦀🦀 How many.
param size: int = 2

image web {
    matrix {
        axis zone in lib.zones
        axis kind in ["a", "b"]
    }
    let word = "🦀🦀 ${zone} ä ${kind}" + lib.t["🦀"].v
    name = "${zone}-${kind}"
    builder null { communicator = "none" }
    test shell-local "🦀🦀 is it there?" { inline = ["echo 🦀🦀 ${word} ${size}"] }
    use part.steps(what = "🦀🦀", n = size)
}
"#,
    ),
    (
        "lib.bake",
        r#"//! 🦀🦀 of all.

/// 🦀🦀 Where.
let zones = ["x", "y"]
fn twice(n: int) -> int = n * 2
table t key (k) {
    | k: string | v: string | w: int |
    | "🦀"      | "日本"    | 1      |
    | x         | y         | 2      |
}
output "🦀🦀 amis.json" = { zones = zones }
"#,
    ),
    (
        "part.bake",
        "import \"lib.bake\"\r\n\r\ngroup steps(what: string = \"🦀🦀\", n: int) {\r\n    provision shell-local {\r\n        inline = \
         [\"echo 🦀🦀 ${lib.twice(n)}\", \"🦀\" + what]\r\n    }\r\n}\r\n",
    ),
];

/// What is typed: pieces of the language, broken and whole, characters of one to four bytes, all ends of lines.
const PIECES: [&str; 28] = [
    "",
    "a",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "{",
    "}",
    "${",
    "{{",
    "|",
    "ä",
    "日本",
    "🦀",
    "👩\u{200d}👧",
    "e\u{301}",
    "\u{2028}",
    "/*",
    "// ",
    "let x = 1\n",
    "import \"lib.bake\"\n",
    "import \"main.bake\"\n",
    "zone",
    "lib.",
    "size",
    "match x { }",
    "image web {\n}\n",
];

/// Something that happens in an editor. Places are those in the text as it is then.
#[derive(Clone, Debug)]
enum Deed {
    /// Text in the place of some characters; several in one message.
    Type(usize, Vec<(Index, usize, &'static str)>),
    /// All of the text is another.
    Rewrite(usize, &'static str),
    /// Opens the document, or closes it.
    Turn(usize),
    /// A question whose answer nobody waits for.
    Ask(usize, &'static str, Index),
}

const QUESTIONS: [&str; 4] =
    ["textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/semanticTokens/full"];

fn deed() -> impl Strategy<Value = Deed> {
    let file = 0..FILES.len();
    let length = prop_oneof![6 => Just(0), 3 => 1usize..4, 1 => 4usize..60];
    let change = (any::<Index>(), length, select(&PIECES[..]));
    prop_oneof![
        12 => (file.clone(), prop::collection::vec(change, 1..4)).prop_map(|(file, changes)| Deed::Type(file, changes)),
        1 => (file.clone(), select(&PIECES[..])).prop_map(|(file, text)| Deed::Rewrite(file, text)),
        3 => file.clone().prop_map(Deed::Turn),
        3 => (file, select(&QUESTIONS[..]), any::<Index>()).prop_map(|(file, method, at)| Deed::Ask(file, method, at)),
    ]
}

/// The place of a byte as the protocol counts.
fn position(text: &str, offset: usize) -> Value {
    let (mut line, mut character) = (0u32, 0u32);
    let mut chars = text[..offset].chars().peekable();
    while let Some(c) = chars.next() {
        // Of `\r\n` the second one ends the line; a place between the two is nobody's.
        let ends = c == '\n' || c == '\r' && chars.peek() != Some(&'\n');
        (line, character) = if ends { (line + 1, 0) } else { (line, character + c.len_utf16() as u32) };
    }
    json!({ "line": line, "character": character })
}

/// The byte where a character begins, none of them between `\r` and `\n`.
fn boundary(text: &str, at: &Index) -> usize {
    let chars = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
    let whole = chars.filter(|offset| !(text[..*offset].ends_with('\r') && text[*offset..].starts_with('\n')));
    *at.get(&whole.collect::<Vec<_>>())
}

/// A server on a thread, and what an editor knows of it.
struct Editor {
    connection: Connection,
    server: JoinHandle<End>,
    folder: String,
    documents: BTreeMap<usize, (i32, String)>,
    asked: i32,
    /// What was told of each file last.
    told: RefCell<BTreeMap<String, Value>>,
}

impl Editor {
    fn new(folder: &Path) -> Self {
        let (connection, other) = Connection::memory();
        let server = thread::spawn(move || serve(&other, Options::default()));
        let folder = format!("file://{}", folder.display());
        let documents = BTreeMap::new();
        let mut editor = Editor { connection, server, folder, documents, asked: 0, told: RefCell::default() };
        let capabilities =
            json!({ "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } } });
        let params = json!({ "processId": null, "rootUri": editor.folder, "capabilities": capabilities });
        editor.answer("initialize", params);
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, file: usize) -> String {
        format!("{}/{}", self.folder, FILES[file].0)
    }

    fn send(&self, message: impl Into<Message>) {
        self.connection.sender.send(message.into()).expect("the server is there");
    }

    fn tell(&self, method: &str, params: Value) {
        self.send(Notification::new(method.into(), params));
    }

    fn ask(&mut self, method: &str, params: Value) -> RequestId {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.send(Request { id: id.clone(), method: method.into(), params });
        id
    }

    /// The next message, none where none has come so far. Diagnostics are remembered, bugs fail the test.
    fn next(&self, end: Instant) -> Option<Message> {
        let message = self.connection.receiver.recv_deadline(end).ok()?;
        match &message {
            Message::Response(response) => {
                let bug = response.response_result.as_ref().err().filter(|e| e.code == ErrorCode::InternalError as i32);
                assert!(bug.is_none(), "{bug:?}");
            }
            Message::Notification(n) if n.method == "textDocument/publishDiagnostics" => {
                let uri = n.params["uri"].as_str().unwrap_or_default().to_owned();
                self.told.borrow_mut().insert(uri, n.params["diagnostics"].clone());
            }
            Message::Notification(n) => panic!("{}: {}", n.method, n.params),
            Message::Request(_) => {}
        }
        Some(message)
    }

    fn answer(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.next(end) {
                Some(Message::Response(response)) if response.id == id => {
                    return response.response_result.unwrap_or_else(|error| panic!("{method}: {error:?}"));
                }
                Some(_) => {}
                None => panic!("{method} has no answer"),
            }
        }
    }

    fn open(&mut self, file: usize, text: &str) {
        let document = json!({ "uri": self.uri(file), "languageId": "bake", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.documents.insert(file, (1, text.to_owned()));
    }

    /// Sends changes; each is a range in bytes of the text as it is then, or nothing for all of it.
    fn change(&mut self, file: usize, changes: impl FnOnce(&mut String) -> Vec<Value>) {
        let uri = self.uri(file);
        let Some((version, text)) = self.documents.get_mut(&file) else { return };
        *version += 1;
        let document = json!({ "uri": uri, "version": version });
        let changes = changes(text);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn do_it(&mut self, deed: &Deed) {
        match deed {
            Deed::Type(file, changes) => self.change(*file, |text| {
                let sent = changes.iter().map(|(at, length, piece)| {
                    let start = boundary(text, at);
                    let rest = &text[start..];
                    let mut end = start + rest.char_indices().nth(*length).map_or(rest.len(), |(offset, _)| offset);
                    // Both or none of `\r\n`.
                    end += usize::from(text[..end].ends_with('\r') && text[end..].starts_with('\n'));
                    let range = json!({ "start": position(text, start), "end": position(text, end) });
                    text.replace_range(start..end, piece);
                    json!({ "range": range, "text": piece })
                });
                sent.collect()
            }),
            Deed::Rewrite(file, piece) => self.change(*file, |text| {
                *text = (*piece).to_owned();
                vec![json!({ "text": piece })]
            }),
            Deed::Turn(file) if self.documents.remove(file).is_some() => {
                self.tell("textDocument/didClose", json!({ "textDocument": { "uri": self.uri(*file) } }));
            }
            Deed::Turn(file) => self.open(*file, FILES[*file].1),
            Deed::Ask(file, method, at) => {
                if let Some((_, text)) = self.documents.get(file) {
                    let position = position(text, boundary(text, at));
                    self.ask(method, json!({ "textDocument": { "uri": self.uri(*file) }, "position": position }));
                }
            }
        }
    }

    /// All answers about the documents, each with its question.
    fn answers(&mut self, places: &[Index]) -> Vec<(String, Value)> {
        let mut answers = Vec::new();
        for (file, (_, text)) in self.documents.clone() {
            let document = json!({ "uri": self.uri(file) });
            let whole = json!({ "start": position(&text, 0), "end": position(&text, text.len()) });
            for method in ["documentSymbol", "semanticTokens/full", "foldingRange", "codeLens"] {
                let params = json!({ "textDocument": document });
                answers.push((format!("{method} of {}", FILES[file].0), self.answer(&of(method), params)));
            }
            for method in ["codeAction", "inlayHint"] {
                let params = json!({ "textDocument": document, "range": whole, "context": { "diagnostics": [] } });
                answers.push((format!("{method} of {}", FILES[file].0), self.answer(&of(method), params)));
            }
            for at in places {
                let place = position(&text, boundary(&text, at));
                for method in ["hover", "completion", "definition", "references"] {
                    let context = json!({ "includeDeclaration": true, "triggerKind": 1 });
                    let params = json!({ "textDocument": document, "position": place, "context": context });
                    answers
                        .push((format!("{method} at {place} of {}", FILES[file].0), self.answer(&of(method), params)));
                }
            }
        }
        answers.push(("workspace/symbol".to_owned(), self.answer("workspace/symbol", json!({ "query": "" }))));
        answers
    }

    /// What is wrong with each file, without those that are sound.
    fn mistakes(&self) -> BTreeMap<String, Value> {
        let mut told = self.told.borrow().clone();
        told.retain(|_, diagnostics| diagnostics.as_array().is_some_and(|all| !all.is_empty()));
        told
    }

    fn leave(mut self) {
        self.answer("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        assert_eq!(self.server.join().ok(), Some(End::Proper), "the server did not end well");
    }
}

fn of(method: &str) -> String {
    format!("textDocument/{method}")
}

/// Waits until two servers that have nothing more to do have told the same: diagnostics come when they have time.
fn same_mistakes(worn: &Editor, fresh: &Editor) {
    let end = Instant::now() + PATIENCE / 3;
    while worn.mistakes() != fresh.mistakes() {
        assert!(
            Instant::now() < end,
            "diagnostics:\n  {:#?}\nof a fresh server:\n  {:#?}",
            worn.mistakes(),
            fresh.mistakes()
        );
        for editor in [worn, fresh] {
            while editor.next(Instant::now() + Duration::from_millis(20)).is_some() {}
        }
    }
}

/// The same sequences every time: `SOAK=1` tries others, and many.
fn config() -> Config {
    let soak = std::env::var_os("SOAK").is_some();
    let rng_seed = if soak { RngSeed::Random } else { RngSeed::Fixed(6) };
    let cases = if soak { 600 } else { 24 };
    Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 200, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn lsp_after_any_edits_answers_are_those_of_a_fresh_server(
        deeds in prop::collection::vec(deed(), 1..30),
        places in prop::collection::vec(any::<Index>(), 3),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = folder.path().canonicalize().expect("it is there");
        for (name, text) in FILES {
            fs::write(folder.join(name), text).expect("the folder can be written");
        }
        let mut worn = Editor::new(&folder);
        FILES.iter().enumerate().for_each(|(file, (_, text))| worn.open(file, text));
        deeds.iter().for_each(|deed| worn.do_it(deed));
        let mut fresh = Editor::new(&folder);
        for (file, (_, text)) in &worn.documents {
            fresh.open(*file, text);
        }
        let (of_worn, of_fresh) = (worn.answers(&places), fresh.answers(&places));
        for ((question, answer), (_, right)) in of_worn.iter().zip(&of_fresh) {
            prop_assert_eq!(answer, right, "{}, the documents being {:#?}", question, &worn.documents);
        }
        same_mistakes(&worn, &fresh);
        worn.leave();
        fresh.leave();
    }
}
