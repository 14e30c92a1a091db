//! The peer: the language server as a client that no one here wrote sees it, `pytest-lsp`, and as a person does, in a Neovim.
//!
//! It runs only with `BAKEC_PEER=1`. `BAKEC_LSP_PYTHON` names the Python that has `pytest-lsp`, where it is not that of
//! `target/tools/lsp`. Where there is no Neovim from 0.11 on, or no tmux, pytest leaves the screens out and says so.

use std::path::PathBuf;
use std::process::Command;

use crate::peer::run;
use crate::support::root;

#[test]
fn peer_lsp_answers_a_foreign_client() {
    if std::env::var_os("BAKEC_PEER").is_none_or(|value| value != "1") {
        eprintln!("peer_lsp_answers_a_foreign_client: skipped, BAKEC_PEER=1 runs it with pytest-lsp");
        return;
    }
    let tools = root().join("target/tools/lsp/bin");
    let python = std::env::var_os("BAKEC_LSP_PYTHON").map_or_else(|| tools.join("python"), PathBuf::from);
    assert!(python.exists(), "no Python with pytest-lsp at {}: `.ci/run` installs it", python.display());
    let mut pytest = Command::new(&python);
    pytest.args(["-m", "pytest", "-q", "-rs", "--tb=short"]).arg(root().join("tests/peer/lsp"));
    pytest.env("BAKEC", env!("CARGO_BIN_EXE_bakec")).env("PYTHONDONTWRITEBYTECODE", "1");
    let neovim = tools.join("nvim");
    if std::env::var_os("BAKEC_NVIM").is_none() && neovim.exists() {
        pytest.env("BAKEC_NVIM", neovim);
    }
    let output = run(pytest.current_dir(root()));
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    // The last lines: how many tests, and what was left out.
    eprintln!("{said}");
    assert!(said.contains(" passed"), "no test ran:\n{said}");
}
