//! How long an editor waits: from a keystroke to the diagnostics, and from a question to its answer, over the real program's standard
//! input and output.
//!
//! `cargo bench --no-default-features --bench editor` prints a table; nothing here fails. `table` prints.

#[allow(dead_code, reason = "other benches count in other units")]
mod table;

use std::io::{BufReader, BufWriter};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};

use table::{Row, Unit, seconds};

const URI: &str = "file:///bench/main.bake";
const SIZES: [usize; 3] = [200, 2_000, 20_000];
/// So many keystrokes of each kind.
const TIMES: usize = 40;

fn main() {
    let mut rows = Vec::new();
    for lines in SIZES {
        let text = program(lines);
        let lines = text.lines().count();
        let mut editor = Editor::start(&text);
        let aim = if (1_500..2_500).contains(&lines) { "< 20 ms" } else { "" };
        let mut row = |what: &str, samples: Vec<f64>, aim: &'static str| {
            rows.push(Row { what: format!("{lines} lines: {what}"), unit: Unit::Seconds, samples, aim });
        };
        // In the middle of the file: a character in a text, which changes what every build is worth.
        let at = text[..text.len() / 2].rfind("ami_name      = \"").expect("the text has AMI names");
        let inside = at + "ami_name      = \"".len();
        row("a character in a text", (0..TIMES).map(|_| editor.keystroke(&text, inside, "x")).collect(), aim);
        // A word that means nothing yet, on a line of its own.
        let line = text[..at].rfind('\n').expect("a line before") + 1;
        row(
            "half a word, which does not parse",
            (0..TIMES).map(|_| editor.keystroke(&text, line, "am\n")).collect(),
            aim,
        );
        let position = position(&text, at + 2);
        row("hover", (0..TIMES).map(|_| editor.ask("textDocument/hover", &position)).collect(), "");
        row("completion", (0..TIMES).map(|_| editor.ask("textDocument/completion", &position)).collect(), "");
        let whole = json!({ "textDocument": { "uri": URI } });
        row(
            "semantic tokens",
            (0..TIMES / 4).map(|_| editor.ask("textDocument/semanticTokens/full", &whole)).collect(),
            "",
        );
        editor.end();
    }
    table::print(&rows, &[]);
}

/// Images with a matrix of four builds each, as many as it takes.
fn program(lines: usize) -> String {
    let mut text = String::from("param version: string = \"1.0\"\n\n");
    let mut number = 0;
    while text.lines().count() < lines {
        text.push_str(&format!(
            r#"/// Image number {number}.
image app{number} {{
    matrix {{
        axis region in ["us-east-1", "eu-west-1"]
        axis kind   in ["small", "large"]
    }}
    name = "app{number}-${{region}}-${{kind}}"
    builder amazon-ebs {{
        region        = region
        source_ami    = "ami-0123456789abcdef0"
        instance_type = if kind == "small" then "m5.large" else "m5.xlarge"
        ssh_username  = "ubuntu"
        ami_name      = "app{number} ${{version}} ${{kind}} {{{{timestamp}}}}"
        tags          = {{ Name = "app{number}", Kind = kind }}
    }}
    provision shell {{
        inline = ["sudo apt-get update", "echo ${{kind}}"]
    }}
}}

"#
        ));
        number += 1;
    }
    text
}

/// A place of the protocol; the text is plain ASCII.
fn position(text: &str, offset: usize) -> Value {
    let line = text[..offset].matches('\n').count();
    let character = offset - text[..offset].rfind('\n').map_or(0, |at| at + 1);
    json!({ "textDocument": { "uri": URI }, "position": { "line": line, "character": character } })
}

struct Editor {
    child: Child,
    to: BufWriter<ChildStdin>,
    from: BufReader<ChildStdout>,
    version: i32,
    requests: i32,
}

impl Editor {
    fn start(text: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bakec"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let to = BufWriter::new(child.stdin.take().expect("its input is ours"));
        let from = BufReader::new(child.stdout.take().expect("its output is ours"));
        let mut editor = Editor { child, to, from, version: 1, requests: 0 };
        editor.ask("initialize", &json!({ "processId": null, "rootUri": null, "capabilities": {} }));
        editor.tell("initialized", json!({}));
        let document = json!({ "uri": URI, "languageId": "bake", "version": 1, "text": text });
        editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
        editor.wait_for_diagnostics(1);
        editor
    }

    fn tell(&mut self, method: &str, params: Value) {
        let message = Message::Notification(Notification::new(method.into(), params));
        message.write(&mut self.to).expect("the program listens");
    }

    /// Seconds from a question to its answer.
    fn ask(&mut self, method: &str, params: &Value) -> f64 {
        self.requests += 1;
        let id = self.requests.into();
        let message = Message::Request(Request::new(id, method.into(), params));
        seconds(|| {
            message.write(&mut self.to).expect("the program listens");
            loop {
                if let Message::Response(response) = self.read()
                    && response.id == self.requests.into()
                {
                    return;
                }
            }
        })
    }

    /// Seconds from a keystroke to the diagnostics of the text with it; it is taken back afterwards.
    fn keystroke(&mut self, text: &str, offset: usize, typed: &str) -> f64 {
        let start = &position(text, offset)["position"];
        let end = match typed.ends_with('\n') {
            true => json!({ "line": start["line"].as_u64().unwrap_or_default() + 1, "character": 0 }),
            false => json!({
                "line": start["line"],
                "character": start["character"].as_u64().unwrap_or_default() + typed.len() as u64,
            }),
        };
        let took = seconds(|| self.change(json!({ "start": start, "end": start }), typed));
        self.change(json!({ "start": start, "end": end }), "");
        took
    }

    fn change(&mut self, range: Value, text: &str) {
        self.version += 1;
        let document = json!({ "uri": URI, "version": self.version });
        let change = json!([{ "range": range, "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": change }));
        self.wait_for_diagnostics(self.version);
    }

    fn wait_for_diagnostics(&mut self, version: i32) {
        loop {
            if let Message::Notification(notification) = self.read()
                && notification.method == "textDocument/publishDiagnostics"
                && notification.params["version"] == version
            {
                return;
            }
        }
    }

    fn read(&mut self) -> Message {
        Message::read(&mut self.from).expect("the program answers").expect("the program goes on")
    }

    fn end(mut self) {
        self.ask("shutdown", &Value::Null);
        self.tell("exit", Value::Null);
        drop(self.to);
        let _ = self.child.wait();
    }
}
