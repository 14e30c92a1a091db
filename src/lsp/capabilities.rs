//! What the server can do, and what it learns of the client.

use lsp_types::*;

use super::convert;

/// The command of the code lens.
pub(super) const SHOW_BUILDS: &str = "bakec.showBuilds";

/// What the client can do, as far as it makes a difference.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// Whether completions may hold places to go on at.
    pub(super) snippets: bool,
    /// Whether it tells of changed files when it is asked to.
    pub(super) watches: bool,
    /// Whether it shows the outline as a tree.
    pub(super) nested_symbols: bool,
    /// Whether it shows builds itself.
    pub(super) shows_builds: bool,
    /// Whether it can be told to ask for hints and lenses again.
    pub(super) refreshes_hints: bool,
    pub(super) refreshes_lenses: bool,
    pub(super) refreshes_tokens: bool,
}

impl Client {
    pub(super) fn of(params: &InitializeParams) -> Self {
        let capabilities = &params.capabilities;
        let document = capabilities.text_document.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let snippets =
            document.and_then(|d| d.completion.as_ref()?.completion_item.as_ref()?.snippet_support).unwrap_or_default();
        let watches = workspace.and_then(|w| w.did_change_watched_files?.dynamic_registration).unwrap_or_default();
        let nested_symbols =
            document.and_then(|d| d.document_symbol.as_ref()?.hierarchical_document_symbol_support).unwrap_or_default();
        let commands = params.initialization_options.as_ref().and_then(|options| options.get("commands"));
        let shows_builds = commands.and_then(|c| c.as_array()).is_some_and(|all| all.iter().any(|c| c == SHOW_BUILDS));
        Client {
            snippets,
            watches,
            nested_symbols,
            shows_builds,
            refreshes_hints: workspace.and_then(|w| w.inlay_hint.as_ref()?.refresh_support).unwrap_or_default(),
            refreshes_lenses: workspace.and_then(|w| w.code_lens.as_ref()?.refresh_support).unwrap_or_default(),
            refreshes_tokens: workspace.and_then(|w| w.semantic_tokens.as_ref()?.refresh_support).unwrap_or_default(),
        }
    }
}

pub(super) fn of(client: &Client) -> ServerCapabilities {
    let triggers = ["\"", "'", ".", "{", "`", "/", " "];
    // A client that shows builds itself has registered the command, and may not be offered it twice.
    let commands = if client.shows_builds { Vec::new() } else { vec![SHOW_BUILDS.to_owned()] };
    ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        semantic_tokens_provider: Some(SemanticTokensServerCapabilities::SemanticTokensOptions(
            SemanticTokensOptions {
                legend: SemanticTokensLegend {
                    token_types: convert::token_types(),
                    token_modifiers: convert::token_modifiers(),
                },
                range: Some(false),
                full: Some(SemanticTokensFullOptions::Bool(true)),
                ..SemanticTokensOptions::default()
            },
        )),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        execute_command_provider: (!commands.is_empty())
            .then(|| ExecuteCommandOptions { commands, ..ExecuteCommandOptions::default() }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}
