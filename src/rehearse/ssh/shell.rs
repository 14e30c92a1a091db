//! What is answered in place of a shell: commands that move files about do so in memory, scripts are checked, and everything else
//! is said not to have been run, with success.

mod commands;

use std::collections::VecDeque;
use std::sync::Arc;

use super::script::{self, Verdict};
use super::words::{After, Pipeline, Simple, Variables, parse};
use crate::rehearse::world::files::{Entry, Files, Kind, Tree, children, home, is_folder, path};

/// What a command has to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

pub(super) struct Shell {
    files: Files,
    user: String,
    folder: String,
    input: Option<Vec<u8>>,
    variables: Variables,
    said: Vec<Said>,
    exited: bool,
    /// What differs from start to start of the machine.
    start: String,
    /// Whether a command restarts the machine.
    restarts: bool,
    /// The command at hand keeps the variables that it sets.
    exports: bool,
}

/// How deep `sh -c "sh -c …"` goes.
const DEEPEST: usize = 16;

/// The bytes that an instance's files may have together.
pub(super) const ROOM: usize = 1 << 30;

impl Shell {
    pub(super) fn new(files: Files, user: &str, input: Vec<u8>) -> Self {
        let variables = [("HOME", home(user)), ("USER", user.to_string()), ("PWD", home(user))];
        Shell {
            files,
            user: user.to_string(),
            folder: home(user),
            input: Some(input),
            variables: variables.into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
            said: Vec::new(),
            exited: false,
            start: String::new(),
            restarts: false,
            exports: false,
        }
    }

    /// The same, on a machine whose start is known by this.
    pub(super) fn of_start(self, start: String) -> Self {
        Shell { start, ..self }
    }

    /// Whether a command restarts the machine.
    pub(super) fn restarts(&self) -> bool {
        self.restarts
    }

    pub(super) fn said(self) -> Vec<Said> {
        self.said
    }

    /// Answers a command line; its exit status.
    pub(super) async fn run(&mut self, line: &str) -> u32 {
        self.line(line, 0).await
    }

    async fn line(&mut self, line: &str, depth: usize) -> u32 {
        let Some(pipelines) = parse(line).filter(|_| depth < DEEPEST) else {
            self.not_run(line.split_whitespace().next().unwrap_or_default());
            return 0;
        };
        let mut status = 0;
        for pipeline in pipelines {
            let skipped = match pipeline.after {
                After::Always => false,
                After::Success => status != 0,
                After::Failure => status == 0,
            };
            if !skipped {
                status = self.pipeline(&pipeline, depth).await;
            }
            if self.exited {
                break;
            }
        }
        status
    }

    async fn pipeline(&mut self, pipeline: &Pipeline, depth: usize) -> u32 {
        let (mut status, mut piped) = (0, None);
        for (number, command) in pipeline.commands.iter().enumerate() {
            let mut out = Vec::new();
            status = self.simple(command, piped.take(), &mut out, depth).await;
            if number + 1 < pipeline.commands.len() {
                piped = Some(out);
            } else if !out.is_empty() {
                self.said.push(Said::Out(out));
            }
        }
        status
    }

    async fn simple(&mut self, command: &Simple, piped: Option<Vec<u8>>, out: &mut Vec<u8>, depth: usize) -> u32 {
        let assigned: Vec<_> = command.words.iter().map_while(|word| word.assignment()).collect();
        let words: VecDeque<String> =
            command.words[assigned.len()..].iter().map(|word| word.text(&self.variables)).collect();
        let input = match &command.input {
            Some(word) => {
                let name = word.text(&self.variables);
                match self.read(&name) {
                    Some(bytes) => Some(bytes),
                    None => return self.fail(&format!("{name}: No such file or directory"), 1),
                }
            }
            None => piped,
        };
        let values: Vec<(String, String)> =
            assigned.into_iter().map(|(name, value)| (name, value.text(&self.variables))).collect();
        let former = self.variables.clone();
        self.variables.extend(values);
        let mut status = 0;
        if !words.is_empty() {
            self.exports = false;
            status = Box::pin(self.command(words, input, out, depth)).await;
            if !self.exports {
                self.variables = former;
            }
        }
        if let Some((word, append)) = &command.out {
            let name = word.text(&self.variables);
            let bytes = std::mem::take(out);
            if name != "/dev/null" && !self.write(&name, bytes, *append, None) {
                return self.fail(&format!("{name}: cannot be written"), 1);
            }
        }
        status
    }

    async fn command(
        &mut self,
        mut words: VecDeque<String>,
        input: Option<Vec<u8>>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> u32 {
        unwrap(&mut words, &mut self.variables);
        let Some(first) = words.pop_front() else { return 0 };
        let name = first.rsplit('/').next().unwrap_or_default().to_string();
        let args: Vec<String> = words.into();
        // A file of that name that was uploaded comes first.
        if first.contains('/') && self.is_file(&first) {
            return self.script(&first, None).await;
        }
        match name.as_str() {
            "true" | ":" | "set" | "sync" | "sleep" | "umask" | "ulimit" | "wait" => 0,
            "false" => 1,
            "exit" => {
                self.exited = true;
                args.first().and_then(|n| n.parse::<u8>().ok()).map_or(0, u32::from)
            }
            "export" => {
                for (name, value) in args.iter().filter_map(|arg| arg.split_once('=')) {
                    self.variables.insert(name.to_string(), value.to_string());
                }
                self.exports = true;
                0
            }
            "cd" => {
                let to = args.first().cloned().unwrap_or_else(|| home(&self.user));
                self.folder = self.full(&to);
                0
            }
            "pwd" => say(out, &self.folder),
            "whoami" => say(out, &self.user),
            "echo" => {
                let (line, words) = match args.split_first() {
                    Some((flag, rest)) if flag == "-n" => ("", rest),
                    _ => ("\n", &args[..]),
                };
                out.extend_from_slice(format!("{}{line}", words.join(" ")).as_bytes());
                0
            }
            "test" => u32::from(!self.test(&args)),
            "[" => match args.split_last() {
                Some((last, args)) if last == "]" => u32::from(!self.test(args)),
                _ => self.fail("[: missing `]`", 2),
            },
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => self.interpreter(&name, &args, input, depth).await,
            "." | "source" => match args.first() {
                Some(file) => self.script(&file.clone(), Some("sh")).await,
                None => self.fail(".: a file is wanted", 2),
            },
            "cat" => self.cat(&args, input, out),
            "tee" => self.tee(&args, input, out),
            "sha256sum" => self.sha256sum(&args, input, out),
            "chmod" => self.chmod(&args),
            "mkdir" => self.mkdir(&args),
            "rm" | "rmdir" | "unlink" => self.rm(&args),
            "mv" | "cp" => self.copy(&args, name == "mv"),
            "touch" => {
                for file in plain(&args) {
                    if !self.is_file(file) && !self.write(file, Vec::new(), false, None) {
                        return self.fail(&format!("touch: {file}: cannot be written"), 1);
                    }
                }
                0
            }
            "ls" => self.ls(&args, out),
            "chown" | "chgrp" => 0,
            "reboot" | "shutdown" | "systemctl" if restarts(&name, &args) => {
                self.restarts = true;
                0
            }
            "powershell" | "pwsh" => match args.join(" ") {
                line if line.contains("LastBootUpTime") => say(out, &self.start.clone()),
                line if line.contains("Test-Path") => say(out, "False"),
                _ => self.not_run(&name),
            },
            _ if self.is_missing(&first) => self.fail(&format!("{first}: No such file or directory"), 127),
            _ => self.not_run(&name),
        }
    }

    fn full(&self, name: &str) -> String {
        match name.starts_with(['/', '~']) {
            true => path(name, &self.user),
            false => path(&format!("{}/{name}", self.folder), &self.user),
        }
    }

    fn is_file(&self, name: &str) -> bool {
        matches!(self.files.tree().get(&self.full(name)), Some(Entry { kind: Kind::File(_), .. }))
    }

    /// Where only what was uploaded can be: nothing else of the image is known.
    fn is_missing(&self, name: &str) -> bool {
        let full = self.full(name);
        let own = ["/tmp/", "/var/tmp/"].iter().any(|folder| full.starts_with(folder))
            || full.starts_with(&format!("{}/", home(&self.user)));
        name.contains('/') && own && !self.files.tree().contains_key(&full)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        if name == "/proc/sys/kernel/random/boot_id" {
            return Some(format!("{}\n", self.start).into_bytes());
        }
        match self.files.tree().get(&self.full(name)) {
            Some(Entry { kind: Kind::File(bytes), .. }) => Some(bytes.to_vec()),
            _ => None,
        }
    }

    fn write(&self, name: &str, bytes: Vec<u8>, append: bool, mode: Option<u32>) -> bool {
        let full = self.full(name);
        let mut tree = self.files.tree();
        let former = match tree.get(&full) {
            Some(Entry { kind: Kind::File(bytes), mode }) => Some((bytes.clone(), *mode)),
            _ => None,
        };
        let mode = mode.or(former.as_ref().map(|(_, mode)| *mode)).unwrap_or(0o644);
        let mut all = former.filter(|_| append).map(|(bytes, _)| bytes.to_vec()).unwrap_or_default();
        all.extend(bytes);
        put(&mut tree, &full, all, mode)
    }

    fn fail(&mut self, words: &str, status: u32) -> u32 {
        self.said.push(Said::Err(format!("{words}\n").into_bytes()));
        status
    }

    fn not_run(&mut self, what: &str) -> u32 {
        self.said.push(Said::Out(format!("bakec rehearsal: `{what}` was not run\n").into_bytes()));
        0
    }

    async fn interpreter(&mut self, name: &str, args: &[String], input: Option<Vec<u8>>, depth: usize) -> u32 {
        let mut rest = args.iter();
        let mut command = false;
        while let Some(arg) = rest.next() {
            if !arg.starts_with('-') || arg == "-" {
                if command {
                    let behind = rest.clone().enumerate();
                    self.variables.extend(behind.map(|(n, arg)| (n.to_string(), arg.clone())));
                }
                return match command {
                    true => Box::pin(self.line(&arg.clone(), depth + 1)).await,
                    false if arg == "-" => self.of_input(name, input).await,
                    false => self.script(&arg.clone(), Some(name)).await,
                };
            }
            if arg == "-o" {
                rest.next();
            }
            command |= !arg.starts_with("--") && arg.contains('c');
        }
        self.of_input(name, input).await
    }

    /// A script that comes by the standard input.
    async fn of_input(&mut self, by: &str, input: Option<Vec<u8>>) -> u32 {
        let bytes = input.or_else(|| self.input.take()).unwrap_or_default();
        if bytes.is_empty() { 0 } else { self.judge("a script from standard input", &bytes, Some(by)).await }
    }

    async fn script(&mut self, name: &str, by: Option<&str>) -> u32 {
        let entry = self.files.tree().get(&self.full(name)).cloned();
        match entry {
            Some(Entry { kind: Kind::File(bytes), mode }) => {
                if by.is_none() && mode & 0o111 == 0 {
                    return self.fail(&format!("{name}: Permission denied"), 126);
                }
                self.judge(name, &bytes, by).await
            }
            Some(_) => self.fail(&format!("{name}: Is a directory"), 126),
            None if self.is_missing(name) => self.fail(&format!("{name}: No such file or directory"), 127),
            None => self.not_run(name),
        }
    }

    async fn judge(&mut self, name: &str, bytes: &[u8], by: Option<&str>) -> u32 {
        if bytes.starts_with(b"\x7fELF") {
            return self.not_run(name);
        }
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
        let said = match script::check(bytes, by).await {
            (_, Verdict::Unstartable(words)) => return self.fail(&format!("{name}: {words}"), 126),
            (_, Verdict::Wrong(words)) => return self.fail(&format!("{name}: {words}"), 2),
            (program, Verdict::Checked) => format!("{program}, {lines} lines, its syntax is right"),
            (_, Verdict::Unchecked(why)) => format!("{lines} lines, unchecked: {why}"),
        };
        self.said.push(Said::Out(format!("bakec rehearsal: {name} was not run ({said})\n").into_bytes()));
        0
    }

    fn test(&self, args: &[String]) -> bool {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let tree = self.files.tree();
        let file = |name: &str| matches!(tree.get(&self.full(name)), Some(Entry { kind: Kind::File(_), .. }));
        let folder = |name: &str| is_folder(&tree, &self.full(name));
        match args[..] {
            ["!", ref rest @ ..] => {
                let rest: Vec<String> = rest.iter().map(|arg| (*arg).to_string()).collect();
                drop(tree);
                !self.test(&rest)
            }
            ["-f", name] => file(name),
            ["-d", name] => folder(name),
            ["-e" | "-r" | "-w", name] => file(name) || folder(name),
            ["-s", name] => {
                matches!(tree.get(&self.full(name)), Some(Entry { kind: Kind::File(bytes), .. }) if !bytes.is_empty())
            }
            ["-x", name] => folder(name) || tree.get(&self.full(name)).is_some_and(|entry| entry.mode & 0o111 != 0),
            ["-z", text] => text.is_empty(),
            ["-n", text] | [text] => !text.is_empty(),
            [one, "=" | "==", other] => one == other,
            [one, "!=", other] => one != other,
            _ => false,
        }
    }
}

/// Whether a command restarts the machine.
fn restarts(name: &str, args: &[String]) -> bool {
    match name {
        "reboot" => true,
        "shutdown" => args.iter().any(|arg| matches!(arg.as_str(), "-r" | "--reboot" | "/r")),
        _ => args.first().is_some_and(|arg| arg == "reboot"),
    }
}

fn say(out: &mut Vec<u8>, words: &str) -> u32 {
    out.extend_from_slice(words.as_bytes());
    out.push(b'\n');
    0
}

/// The arguments that are no options.
fn plain(args: &[String]) -> impl Iterator<Item = &String> {
    args.iter().filter(|arg| !arg.starts_with('-'))
}

/// Puts a file into the tree, as long as there is room.
pub(super) fn put(tree: &mut Tree, path: &str, bytes: Vec<u8>, mode: u32) -> bool {
    let size = |entry: &Entry| match &entry.kind {
        Kind::File(bytes) => bytes.len(),
        Kind::Folder => 0,
    };
    let others: usize = tree.iter().filter(|(other, _)| *other != path).map(|(_, entry)| size(entry)).sum();
    let folder = matches!(tree.get(path), Some(Entry { kind: Kind::Folder, .. }));
    let fits = !folder && others.saturating_add(bytes.len()) <= ROOM;
    if fits {
        tree.insert(path.to_string(), Entry { mode: mode & 0o7777, kind: Kind::File(Arc::new(bytes)) });
    }
    fits
}

/// The mode after `0755`, `+x`, `u=rwx,go-w`; nothing where that is no mode.
fn changed(mode: u32, how: &str) -> Option<u32> {
    if how.bytes().all(|b| b.is_ascii_digit()) {
        return u32::from_str_radix(how, 8).ok().filter(|mode| *mode <= 0o7777);
    }
    let mut mode = mode;
    for clause in how.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let all = who.is_empty() || who.contains('a');
        let mut bits = 0;
        let mut places = 0;
        for (letter, shift) in [('u', 6), ('g', 3), ('o', 0)] {
            if all || who.contains(letter) {
                places |= 0o7 << shift;
                for kind in rest[1..].chars() {
                    bits |= match kind {
                        'r' => 0o4,
                        'w' => 0o2,
                        'x' | 'X' => 0o1,
                        's' | 't' => 0,
                        _ => return None,
                    } << shift;
                }
            }
        }
        mode = match rest.as_bytes()[0] {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            _ => mode & !places | bits,
        };
    }
    Some(mode)
}

/// Takes `sudo -E env A=b nohup` and their like away, and sets what they set.
fn unwrap(words: &mut VecDeque<String>, variables: &mut Variables) {
    while let Some(first) = words.front() {
        // The options that take a value.
        let valued: &[&str] = match first.rsplit('/').next().unwrap_or_default() {
            "sudo" | "doas" => &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-T"],
            "env" => &["-u", "-C", "-S"],
            "nice" | "ionice" => &["-n", "-c"],
            "timeout" => &["-k", "-s"],
            "nohup" | "time" | "exec" | "setsid" | "eatmydata" => &[],
            "command" if !words.get(1).is_some_and(|word| word.starts_with('-')) => &[],
            _ => return,
        };
        let limit = first.ends_with("timeout");
        words.pop_front();
        while let Some(option) = words.front().filter(|word| word.starts_with('-')).cloned() {
            words.pop_front();
            if valued.contains(&option.as_str()) {
                words.pop_front();
            }
            if option == "--" {
                break;
            }
        }
        if limit {
            words.pop_front();
        }
        while let Some((name, value)) = words.front().and_then(|word| word.split_once('=')) {
            if name.contains('/') || name.is_empty() {
                break;
            }
            variables.insert(name.to_string(), value.to_string());
            words.pop_front();
        }
    }
}
