//! The questions of the client, one function each.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use lsp_server::ErrorCode;
use lsp_types::request::{
    CodeActionRequest, CodeLensRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, ExecuteCommand,
    FoldingRangeRequest, Formatting, GotoDefinition, HoverRequest, InlayHintRequest, PrepareRenameRequest, References,
    Rename, Request as _, SemanticTokensFullRequest, WorkspaceSymbolRequest,
};
use lsp_types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::capabilities::SHOW_BUILDS;
use super::convert::{self, Words};
use super::files;
use super::position::Lines;
use super::state::State;
use crate::format;
use crate::ide::rename::{NoRename, Place, definition, references, rename, renameable, try_out};
use crate::ide::{Home, View, action, complete, hint, hover, outline, tokens};
use crate::syntax::parse;
use crate::text::{FileId, Source, Span};

/// Our own question: which builds an image has. They are many, and few want to see them.
const BUILDS: &str = "bakec/builds";

/// So long lines are compared.
const MOST_COMPARING: Duration = Duration::from_millis(200);

/// So many builds are listed in a message.
const MOST_LISTED: usize = 100;

/// An image of a program that a document is part of.
#[derive(serde::Deserialize)]
struct BuildsParams {
    uri: Uri,
    image: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Refusal {
    /// What was asked about has changed meanwhile.
    fn stale() -> Self {
        Refusal { code: ErrorCode::ContentModified, message: "the document has changed".into() }
    }

    fn failed(message: impl Into<String>) -> Self {
        Refusal { code: ErrorCode::RequestFailed, message: message.into() }
    }
}

type Answer = Result<Json, Refusal>;

/// Answers a request.
pub(super) fn answer(state: &mut State, method: &str, params: Json, given_up: &dyn Fn() -> bool) -> Answer {
    let ask = Ask { state, given_up };
    match method {
        HoverRequest::METHOD => with(params, |p| ask.hover(p)),
        Completion::METHOD => with(params, |p| ask.completion(p)),
        GotoDefinition::METHOD => with(params, |p| ask.definition(p)),
        References::METHOD => with(params, |p| ask.references(p)),
        DocumentHighlightRequest::METHOD => with(params, |p| ask.highlights(p)),
        PrepareRenameRequest::METHOD => with(params, |p| ask.prepare_rename(p)),
        Rename::METHOD => with(params, |p| ask.rename(p)),
        DocumentSymbolRequest::METHOD => with(params, |p| ask.symbols(p)),
        WorkspaceSymbolRequest::METHOD => with(params, |p| ask.workspace_symbols(p)),
        SemanticTokensFullRequest::METHOD => with(params, |p| ask.tokens(p)),
        FoldingRangeRequest::METHOD => with(params, |p| ask.folds(p)),
        Formatting::METHOD => with(params, |p| ask.formatted(p)),
        CodeActionRequest::METHOD => with(params, |p| ask.actions(p)),
        InlayHintRequest::METHOD => with(params, |p| ask.hints(p)),
        CodeLensRequest::METHOD => with(params, |p| ask.lenses(p)),
        ExecuteCommand::METHOD => with(params, |p| ask.execute(p)),
        BUILDS => with(params, |p| ask.builds(p)),
        _ => Err(Refusal { code: ErrorCode::MethodNotFound, message: format!("`{method}` is not known") }),
    }
}

fn with<P: DeserializeOwned, R: Serialize>(params: Json, ask: impl FnOnce(P) -> Result<R, Refusal>) -> Answer {
    let params = serde_json::from_value(params)
        .map_err(|error| Refusal { code: ErrorCode::InvalidParams, message: error.to_string() })?;
    serde_json::to_value(ask(params)?).map_err(|error| Refusal::failed(error.to_string()))
}

/// A document with the program that it is looked at in.
struct Here {
    path: String,
    root: String,
    view: Rc<View>,
    file: FileId,
}

impl Here {
    fn lines(&self) -> Lines<'_> {
        Lines::of(self.view.source(self.file).text())
    }
}

struct Ask<'s> {
    state: &'s mut State,
    given_up: &'s dyn Fn() -> bool,
}

impl Ask<'_> {
    /// The document of an address; none where it is not open or its program cannot be read.
    fn here(&self, uri: &Uri) -> Result<Option<Here>, Refusal> {
        let path = files::path(uri);
        if self.state.workspace.document(&path).is_none() {
            return Ok(None);
        }
        let home = self.state.workspace.home(&path, self.given_up);
        self.in_time()?;
        Ok(home.map(|Home { root, view, file }| Here { path, root, view, file }))
    }

    /// Refuses what is out of date.
    fn in_time(&self) -> Result<(), Refusal> {
        if (self.given_up)() { Err(Refusal::stale()) } else { Ok(()) }
    }

    /// All programs that share a file with the document or with the declaration of what is named at a place: the document's own
    /// first, each with its root.
    fn programs(&self, here: &Here, offset: u32) -> Result<(Vec<String>, Vec<Rc<View>>), Refusal> {
        let mut paths = vec![here.path.clone()];
        let declared = definition(&here.view, here.file, offset);
        paths.extend(declared.into_iter().map(|span| here.view.source(span.file).path().to_string()));
        let mut roots: Vec<String> = Vec::new();
        for root in paths.iter().flat_map(|path| self.state.workspace.roots(path)) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        // The file and its places are those of the document's own program.
        roots.sort_by_key(|root| *root != here.root);
        let view = |root: &String| self.state.workspace.view(root, self.given_up).ok_or_else(Refusal::stale);
        let views = roots.iter().map(view).collect::<Result<_, _>>()?;
        Ok((roots, views))
    }

    fn at(&self, position: &TextDocumentPositionParams) -> Result<Option<(Here, u32)>, Refusal> {
        let Some(here) = self.here(&position.text_document.uri)? else { return Ok(None) };
        let offset = here.lines().offset(position.position) as u32;
        Ok(Some((here, offset)))
    }

    fn hover(&self, params: HoverParams) -> Result<Option<Hover>, Refusal> {
        let Some((here, offset)) = self.at(&params.text_document_position_params)? else { return Ok(None) };
        let world = self.state.workspace.world(self.given_up);
        let found = hover::hover(&here.view, &world, &self.state.workspace.options, here.file, offset);
        self.in_time()?;
        let lines = here.lines();
        Ok(found.map(|found| Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: found.text }),
            range: Some(lines.range(found.span)),
        }))
    }

    fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>, Refusal> {
        let position = params.text_document_position;
        let path = files::path(&position.text_document.uri);
        let Some(text) = self.state.workspace.document(&path) else { return Ok(None) };
        let lines = Lines::of(text);
        let found = complete::complete(&self.state.workspace, &path, lines.offset(position.position), self.given_up);
        self.in_time()?;
        let range = Range::new(
            lines.position(found.replaced.start as u32),
            lines.position(found.replaced.end.max(found.replaced.start) as u32),
        );
        let snippets = self.state.client.snippets;
        let items = found.items.into_iter().map(|item| convert::item(item, range, snippets)).collect();
        Ok(Some(CompletionResponse::Array(items)))
    }

    fn definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>, Refusal> {
        let Some((here, offset)) = self.at(&params.text_document_position_params)? else { return Ok(None) };
        let found = definition(&here.view, here.file, offset);
        let address = |path: &str| self.state.uri(path);
        let words = Words::of(&here.view, &address);
        Ok(Some(GotoDefinitionResponse::Array(found.into_iter().filter_map(|span| words.location(span)).collect())))
    }

    fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>, Refusal> {
        let Some((here, offset)) = self.at(&params.text_document_position)? else { return Ok(None) };
        let (_, views) = self.programs(&here, offset)?;
        let all: Vec<&View> = views.iter().map(|view| &**view).collect();
        let found = references(&all, here.file, offset);
        let wanted = found.into_iter().filter(|(_, declares)| params.context.include_declaration || !declares);
        Ok(Some(
            self.places(&all, wanted.map(|(place, _)| place)).map(|(uri, range)| Location { uri, range }).collect(),
        ))
    }

    /// Places as the protocol has them; those of files that have no address are left out.
    fn places<'a>(
        &'a self,
        views: &'a [&View],
        places: impl Iterator<Item = Place> + 'a,
    ) -> impl Iterator<Item = (Uri, Range)> + 'a {
        let mut files: HashMap<String, Option<(Uri, Lines<'a>)>> = HashMap::new();
        places.filter_map(move |Place { path, start, end }| {
            let (uri, lines) = files
                .entry(path)
                .or_insert_with_key(|path| {
                    let text = views.iter().find_map(|view| Some(view.source(view.file(path)?).text()))?;
                    Some((self.state.uri(path)?, Lines::of(text)))
                })
                .as_ref()?;
            Some((uri.clone(), Range::new(lines.position(start), lines.position(end))))
        })
    }

    fn highlights(&self, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>, Refusal> {
        let Some((here, offset)) = self.at(&params.text_document_position_params)? else { return Ok(None) };
        let lines = here.lines();
        let found = references(&[&here.view], here.file, offset);
        let own = found.into_iter().filter(|(place, _)| place.path == here.path);
        let highlight = |(place, declares): (Place, bool)| DocumentHighlight {
            range: Range::new(lines.position(place.start), lines.position(place.end)),
            kind: Some(if declares { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ }),
        };
        Ok(Some(own.map(highlight).collect()))
    }

    fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>, Refusal> {
        let Some((here, offset)) = self.at(&params)? else { return Ok(None) };
        match renameable(&here.view, here.file, offset) {
            Ok(span) => {
                let range = here.lines().range(span);
                let placeholder = here.view.slice(span).to_owned();
                Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
            }
            Err(NoRename::Nothing) => Ok(None),
            Err(why) => Err(Refusal::failed(why.words())),
        }
    }

    fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>, Refusal> {
        let Some((here, offset)) = self.at(&params.text_document_position)? else { return Ok(None) };
        let (roots, views) = self.programs(&here, offset)?;
        let all: Vec<&View> = views.iter().map(|view| &**view).collect();
        let refused = |why: NoRename| Refusal::failed(why.words());
        let places = rename(&all, here.file, offset, &params.new_name).map_err(refused)?;
        let tried = try_out(&self.state.workspace, &all, &roots, &places, &params.new_name, self.given_up);
        self.in_time()?;
        tried.map_err(refused)?;
        #[expect(clippy::mutable_key_type, reason = "the protocol's own type; its addresses never change")]
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for (uri, range) in self.places(&all, places.into_iter()) {
            changes.entry(uri).or_default().push(TextEdit { range, new_text: params.new_name.clone() });
        }
        Ok(Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }))
    }

    fn symbols(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>, Refusal> {
        let uri = params.text_document.uri;
        let path = files::path(&uri);
        let Some(text) = self.state.workspace.document(&path) else { return Ok(None) };
        let lines = Lines::of(text);
        let found = self.state.workspace.with_tree(&path, outline::symbols).unwrap_or_default();
        let nested: Vec<DocumentSymbol> = found.into_iter().map(|symbol| convert::symbol(&lines, symbol)).collect();
        if self.state.client.nested_symbols {
            return Ok(Some(DocumentSymbolResponse::Nested(nested)));
        }
        let mut flat = Vec::new();
        nested.into_iter().for_each(|symbol| flatten(&uri, symbol, None, &mut flat));
        Ok(Some(DocumentSymbolResponse::Flat(flat)))
    }

    fn workspace_symbols(&self, params: WorkspaceSymbolParams) -> Result<Option<Vec<SymbolInformation>>, Refusal> {
        let query = params.query.to_lowercase();
        let world = self.state.workspace.world(self.given_up);
        let mut found = Vec::new();
        for path in self.state.workspace.files() {
            self.in_time()?;
            let (Ok(text), Some(uri)) = (crate::load::World::read(&world, path), self.state.uri(path)) else {
                continue;
            };
            let lines = Lines::of(&text);
            let mut flat = Vec::new();
            for symbol in outline::symbols(&parse(FileId(0), &text).file) {
                flatten(&uri, convert::symbol(&lines, symbol), None, &mut flat);
            }
            found.extend(flat.into_iter().filter(|symbol| is_part(&query, &symbol.name.to_lowercase())));
        }
        Ok(Some(found))
    }

    fn tokens(&self, params: SemanticTokensParams) -> Result<Option<SemanticTokens>, Refusal> {
        let Some(here) = self.here(&params.text_document.uri)? else { return Ok(None) };
        let text = here.view.source(here.file).text();
        let lines = Lines::of(text);
        let data = convert::tokens(text, &lines, &tokens::tokens(&here.view, here.file));
        Ok(Some(SemanticTokens { result_id: None, data }))
    }

    fn folds(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>, Refusal> {
        let path = files::path(&params.text_document.uri);
        let Some(text) = self.state.workspace.document(&path) else { return Ok(None) };
        let source = Source::new("", text.clone());
        let lines = Lines::of(text);
        let found = self.state.workspace.with_tree(&path, |tree| outline::folds(tree, &source)).unwrap_or_default();
        let fold = |fold: outline::Fold| {
            let range = lines.range(fold.span);
            FoldingRange {
                start_line: range.start.line,
                end_line: range.end.line,
                kind: Some(convert::fold_kind(fold.kind)),
                ..FoldingRange::default()
            }
        };
        Ok(Some(found.into_iter().map(fold).collect()))
    }

    fn formatted(&self, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>, Refusal> {
        let path = files::path(&params.text_document.uri);
        let Some(text) = self.state.workspace.document(&path) else { return Ok(None) };
        match format::format(&path, text) {
            Ok(formatted) => Ok(Some(edits(text, &formatted))),
            // The mistakes are underlined already.
            Err(format::FormatProblem::DoesNotParse(_)) => Ok(None),
            Err(problem) => Err(Refusal::failed(problem.to_string())),
        }
    }

    fn actions(&self, params: CodeActionParams) -> Result<Option<Vec<CodeActionOrCommand>>, Refusal> {
        let wanted = params.context.only.as_ref();
        let quickfix = |kind: &CodeActionKind| kind.as_str().is_empty() || *kind == CodeActionKind::QUICKFIX;
        if wanted.is_some_and(|kinds| !kinds.iter().any(quickfix)) {
            return Ok(Some(Vec::new()));
        }
        let Some(here) = self.here(&params.text_document.uri)? else { return Ok(None) };
        let address = |path: &str| self.state.uri(path);
        let words = Words::of(&here.view, &address);
        let bytes = words.lines(here.file).bytes(params.range);
        let range = Span::new(here.file, bytes.start, bytes.end);
        let mut found = Vec::new();
        for action in action::actions(&here.view, here.file, range) {
            #[expect(clippy::mutable_key_type, reason = "the protocol's own type; its addresses never change")]
            let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
            for edit in action.edits {
                if let Some(Location { uri, range }) = words.location(edit.span) {
                    changes.entry(uri).or_default().push(TextEdit { range, new_text: edit.text });
                }
            }
            let diagnostic = here.view.analysis.compiled.diagnostics.get(action.diagnostic);
            found.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: action.title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: diagnostic.map(|d| vec![words.diagnostic(d)]),
                edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
                is_preferred: Some(action.preferred),
                ..CodeAction::default()
            }));
        }
        Ok(Some(found))
    }

    fn hints(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>, Refusal> {
        let Some(here) = self.here(&params.text_document.uri)? else { return Ok(None) };
        let lines = here.lines();
        let bytes = lines.bytes(params.range);
        let hint = |hint: hint::Hint| {
            let is_type = hint.text.starts_with(':');
            InlayHint {
                position: lines.position(hint.at),
                label: InlayHintLabel::String(hint.text),
                kind: is_type.then_some(InlayHintKind::TYPE),
                padding_left: Some(!is_type),
                padding_right: None,
                text_edits: None,
                tooltip: None,
                data: None,
            }
        };
        let found = hint::hints(&here.view, Span::new(here.file, bytes.start, bytes.end));
        Ok(Some(found.into_iter().map(hint).collect()))
    }

    fn lenses(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>, Refusal> {
        let Some(here) = self.here(&params.text_document.uri)? else { return Ok(None) };
        let lines = here.lines();
        let lens = |lens: hint::Lens| {
            let arguments =
                vec![Json::String(params.text_document.uri.to_string()), Json::String(lens.image.to_string())];
            let command = if lens.counted { SHOW_BUILDS } else { "" };
            CodeLens {
                range: lines.range(lens.span),
                command: Some(Command { title: lens.title, command: command.into(), arguments: Some(arguments) }),
                data: None,
            }
        };
        Ok(Some(hint::lenses(&here.view, here.file).into_iter().map(lens).collect()))
    }

    /// The names of an image's builds, for clients that have a list of their own.
    fn builds(&self, params: BuildsParams) -> Result<Vec<String>, Refusal> {
        let Some(here) = self.here(&params.uri)? else { return Ok(Vec::new()) };
        Ok(hint::builds_of(&here.view, here.file, &params.image).map(|name| name.to_string()).collect())
    }

    /// Lists builds, for clients that have no list of their own.
    fn execute(self, params: ExecuteCommandParams) -> Result<Option<Json>, Refusal> {
        let wrong = |message: String| Refusal { code: ErrorCode::InvalidParams, message };
        if params.command != SHOW_BUILDS {
            return Err(wrong(format!("the command `{}` is not known", params.command)));
        }
        let mut arguments = params.arguments.into_iter();
        let (Some(uri), Some(image)) = (arguments.next(), arguments.next()) else {
            return Err(wrong(format!("`{SHOW_BUILDS}` takes a document and the name of an image")));
        };
        let wanted = serde_json::json!({ "uri": uri, "image": image });
        let wanted = serde_json::from_value(wanted).map_err(|error| wrong(error.to_string()))?;
        let mut names = self.builds(wanted)?;
        let more = names.len().saturating_sub(MOST_LISTED);
        names.truncate(MOST_LISTED);
        if more > 0 {
            names.push(format!("… {more} more, which `bakec list` names"));
        }
        let message = ShowMessageParams { typ: MessageType::INFO, message: names.join("\n") };
        let notification = lsp_server::Notification::new("window/showMessage".into(), message);
        self.state.outgoing.push(notification.into());
        Ok(None)
    }
}

/// Whether the letters stand in the name in their order: what editors look for.
fn is_part(query: &str, name: &str) -> bool {
    let mut letters = name.chars();
    query.chars().all(|wanted| letters.any(|c| c == wanted))
}

fn flatten(uri: &Uri, symbol: DocumentSymbol, container: Option<&str>, out: &mut Vec<SymbolInformation>) {
    #[expect(deprecated, reason = "the protocol's own type has the field")]
    out.push(SymbolInformation {
        name: symbol.name.clone(),
        kind: symbol.kind,
        tags: None,
        deprecated: None,
        location: Location { uri: uri.clone(), range: symbol.selection_range },
        container_name: container.map(str::to_owned),
    });
    for child in symbol.children.into_iter().flatten() {
        flatten(uri, child, Some(&symbol.name), out);
    }
}

/// What turns one text into another, line by line, so that the cursor and marks elsewhere stay where they are.
fn edits(before: &str, after: &str) -> Vec<TextEdit> {
    let lines = Lines::of(before);
    // Where all lines differ, what is left is replaced as a whole after a while.
    let diff = similar::TextDiff::configure().timeout(MOST_COMPARING).diff_lines(before, after);
    let (old, new) = (diff.old_slices(), diff.new_slices());
    let mut starts = vec![0usize];
    old.iter().for_each(|line| starts.push(starts.last().copied().unwrap_or_default() + line.len()));
    let mut edits = Vec::new();
    for op in diff.ops() {
        let (tag, old, new_range) = op.as_tag_tuple();
        if tag == similar::DiffTag::Equal {
            continue;
        }
        let range = Range::new(lines.position(starts[old.start] as u32), lines.position(starts[old.end] as u32));
        edits.push(TextEdit { range, new_text: new[new_range].concat() });
    }
    edits
}
