//! A command line taken apart as a shell does it, as far as it is understood: words, quotes, variables, redirections, `&&`, `||`,
//! `;` and `|`. What goes beyond is no mistake; it is only not understood.

use std::collections::BTreeMap;

/// Variables that are set on the way.
pub(super) type Variables = BTreeMap<String, String>;

/// How a pipeline follows the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    Always,
    Success,
    Failure,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// Where the output goes, and whether it is added to what is there.
    pub(super) out: Option<(Word, bool)>,
    pub(super) input: Option<Word>,
}

/// Commands joined by `|`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pipeline {
    pub(super) after: After,
    pub(super) commands: Vec<Simple>,
}

/// A word before its variables are known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Word {
    parts: Vec<Part>,
    /// Written without quotes or backslashes: it may be an assignment or a name.
    pub(super) plain: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Variable(String),
}

impl Word {
    pub(super) fn text(&self, variables: &Variables) -> String {
        let one = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
        };
        self.parts.iter().map(one).collect()
    }

    /// The name that a word such as `NAME=value` assigns to, and the rest of it.
    pub(super) fn assignment(&self) -> Option<(String, Word)> {
        let Some(Part::Text(first)) = self.parts.first() else { return None };
        let (name, rest) = first.split_once('=')?;
        let fine = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        fine.then(|| {
            let mut parts = vec![Part::Text(rest.to_string())];
            parts.extend(self.parts[1..].iter().cloned());
            (name.to_string(), Word { parts, plain: false })
        })
    }
}

/// Takes a command line apart; nothing where it is beyond understanding.
pub(super) fn parse(line: &str) -> Option<Vec<Pipeline>> {
    let mut reader = Reader { chars: line.chars().peekable() };
    let mut pipelines = Vec::new();
    let mut after = After::Always;
    let mut commands = Vec::new();
    let mut simple = Simple::default();
    loop {
        let token = reader.token()?;
        let ends = matches!(token, Token::End | Token::Semicolon | Token::And | Token::Or | Token::Pipe);
        if ends {
            let empty = simple == Simple::default();
            if empty && (token == Token::Pipe || !commands.is_empty() || matches!(token, Token::And | Token::Or)) {
                return None;
            }
            if !empty {
                commands.push(std::mem::take(&mut simple));
            }
            if token == Token::Pipe {
                continue;
            }
            if !commands.is_empty() {
                pipelines.push(Pipeline { after, commands: std::mem::take(&mut commands) });
            }
            after = match token {
                Token::And => After::Success,
                Token::Or => After::Failure,
                _ => After::Always,
            };
        }
        match token {
            Token::End => return Some(pipelines),
            Token::Word(word) => simple.words.push(word),
            Token::Out { append } => match reader.token()? {
                Token::Word(word) => simple.out = Some((word, append)),
                _ => return None,
            },
            Token::In => match reader.token()? {
                Token::Word(word) => simple.input = Some(word),
                _ => return None,
            },
            Token::Discard => match reader.token()? {
                Token::Word(_) => {}
                _ => return None,
            },
            Token::Join | Token::Semicolon | Token::And | Token::Or | Token::Pipe => {}
        }
    }
}

/// Whether a command could read its input.
pub(super) fn wants_input(line: &str) -> bool {
    let Some(pipelines) = parse(line) else { return false };
    let none = Variables::new();
    pipelines.iter().filter_map(|pipeline| pipeline.commands.first()).any(|command| {
        let words: Vec<String> = command.words.iter().map(|word| word.text(&none)).collect();
        let named = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
        let shell = ["sh", "bash", "dash"]
            .iter()
            .any(|shell| words.last().is_some_and(|w| w.rsplit('/').next() == Some(shell)));
        // What `sh -c` runs stands in a word of its own.
        let list = words.iter().any(|word| word.split_whitespace().any(|part| part == "xargs"));
        let script = words.last().is_some_and(|word| word == "-s" || word == "-");
        command.input.is_none() && ((named("cat") && command.out.is_some()) || named("tee") || shell || script || list)
    })
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Word(Word),
    Semicolon,
    And,
    Or,
    Pipe,
    Out {
        append: bool,
    },
    In,
    /// `2>` and what follows.
    Discard,
    /// `2>&1`
    Join,
    End,
}

struct Reader<'l> {
    chars: std::iter::Peekable<std::str::Chars<'l>>,
}

impl Reader<'_> {
    fn next_is(&mut self, wanted: char) -> bool {
        self.chars.next_if_eq(&wanted).is_some()
    }

    fn token(&mut self) -> Option<Token> {
        while self.chars.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
        let Some(&c) = self.chars.peek() else { return Some(Token::End) };
        match c {
            '\n' | ';' => {
                self.chars.next();
                // `;;` belongs to `case`.
                if self.next_is(';') { None } else { Some(Token::Semicolon) }
            }
            '&' => {
                self.chars.next();
                if self.next_is('&') {
                    return Some(Token::And);
                }
                if self.next_is('>') {
                    return Some(Token::Out { append: self.next_is('>') });
                }
                // In the background: nothing takes time here.
                Some(Token::Semicolon)
            }
            '|' => {
                self.chars.next();
                Some(if self.next_is('|') { Token::Or } else { Token::Pipe })
            }
            '>' => {
                self.chars.next();
                let append = self.next_is('>');
                if self.next_is('&') {
                    while self.chars.next_if(char::is_ascii_digit).is_some() {}
                    return Some(Token::Join);
                }
                Some(Token::Out { append })
            }
            '<' => {
                self.chars.next();
                // A here-document.
                if matches!(self.chars.peek(), Some('<' | '(')) { None } else { Some(Token::In) }
            }
            '#' => {
                while self.chars.next_if(|c| *c != '\n').is_some() {}
                self.token()
            }
            '(' | ')' | '`' => None,
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Token> {
        let mut word = Word { parts: Vec::new(), plain: true };
        let mut text = String::new();
        while let Some(&c) = self.chars.peek() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' => break,
                '>' => {
                    if text == "2" && word.parts.is_empty() && word.plain {
                        self.chars.next();
                        if self.next_is('&') {
                            while self.chars.next_if(char::is_ascii_digit).is_some() {}
                            return Some(Token::Join);
                        }
                        self.next_is('>');
                        return Some(Token::Discard);
                    }
                    if text == "1" && word.parts.is_empty() && word.plain {
                        return self.token();
                    }
                    break;
                }
                '(' | ')' | '`' => return None,
                '\'' => {
                    self.chars.next();
                    word.plain = false;
                    loop {
                        match self.chars.next()? {
                            '\'' => break,
                            c => text.push(c),
                        }
                    }
                }
                '"' => {
                    self.chars.next();
                    word.plain = false;
                    self.quoted(&mut word, &mut text)?;
                }
                '\\' => {
                    self.chars.next();
                    word.plain = false;
                    match self.chars.next() {
                        Some('\n') => {}
                        Some(c) => text.push(c),
                        None => text.push('\\'),
                    }
                }
                '$' => {
                    self.chars.next();
                    self.variable(&mut word, &mut text)?;
                }
                c => {
                    self.chars.next();
                    text.push(c);
                }
            }
        }
        if !text.is_empty() || word.parts.is_empty() {
            word.parts.push(Part::Text(text));
        }
        // Words of compound commands.
        const COMPOUND: &[&str] = &[
            "if", "then", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "{", "}",
            "[[",
        ];
        if word.plain
            && let [Part::Text(text)] = &word.parts[..]
            && COMPOUND.contains(&text.as_str())
        {
            return None;
        }
        Some(Token::Word(word))
    }

    fn quoted(&mut self, word: &mut Word, text: &mut String) -> Option<()> {
        loop {
            match self.chars.next()? {
                '"' => return Some(()),
                '`' => return None,
                '$' => self.variable(word, text)?,
                '\\' => match self.chars.next()? {
                    c @ ('"' | '\\' | '$' | '`') => text.push(c),
                    '\n' => {}
                    c => text.extend(['\\', c]),
                },
                c => text.push(c),
            }
        }
    }

    fn variable(&mut self, word: &mut Word, text: &mut String) -> Option<()> {
        let name_char = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let name: String = match self.chars.peek() {
            Some('(') => return None,
            Some('{') => {
                self.chars.next();
                let mut name = String::new();
                while let Some(c) = self.chars.next_if(name_char) {
                    name.push(c);
                }
                // `${x:-y}` and its like.
                if !self.next_is('}') {
                    return None;
                }
                name
            }
            Some(c) if name_char(c) => {
                let mut name = String::new();
                while let Some(c) = self.chars.next_if(name_char) {
                    name.push(c);
                }
                name
            }
            Some('?' | '$' | '@' | '*' | '#' | '!') => return None,
            _ => {
                text.push('$');
                return Some(());
            }
        };
        if !text.is_empty() {
            word.parts.push(Part::Text(std::mem::take(text)));
        }
        word.parts.push(Part::Variable(name));
        Some(())
    }
}
