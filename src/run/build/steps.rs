//! The steps of a build as the executor works on them: each kind of provisioner with its options, ready to use.
//!
//! Neighbours: `input::steps` makes them, `run::provision` does them.

use std::path::PathBuf;
use std::time::Duration;

use crate::run::problem::Origin;

/// A step on the machine, or here while the machine is there.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// The kind: `shell`.
    pub kind: String,
    /// Its label.
    pub label: Option<String>,
    /// Its block.
    pub origin: Option<Origin>,
    /// How long it waits before it begins.
    pub pause_before: Duration,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// How often it is tried again.
    pub max_retries: u32,
    /// What it does.
    pub work: Work,
}

/// What a provisioner does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Runs scripts on the machine.
    Shell(Box<Shell>),
    /// Carries files there or back.
    File(Carry),
    /// Runs scripts here.
    Local(Box<Local>),
    /// Waits for somebody at the keyboard.
    Breakpoint(Breakpoint),
    /// Runs PowerShell's scripts on the machine.
    PowerShell(Box<PowerShell>),
    /// Restarts a Windows machine.
    Restart(Box<Restart>),
    /// Restarts the machine.
    Reboot(Box<Reboot>),
    /// Runs Ansible here against the machine.
    Ansible(Box<Ansible>),
    /// Runs Ansible on the machine.
    AnsibleLocal(Box<AnsibleLocal>),
}

impl Work {
    /// Whether it needs a connection to the machine.
    pub fn connects(&self) -> bool {
        !matches!(self, Work::Local(_) | Work::Breakpoint(_))
    }
}

/// `shell`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Shell {
    /// The scripts: files, or one made of the lines.
    pub scripts: Vec<Script>,
    /// Variables, in order; values may hold run-time templates.
    pub environment: Vec<(String, String)>,
    /// `%s='%s' `, or for a file of variables `export %s='%s'\n`.
    pub env_var_format: String,
    pub use_env_var_file: bool,
    /// A run-time template with `{{.Path}}`, `{{.Vars}}`, `{{.EnvVarFile}}`.
    pub execute_command: String,
    pub binary: bool,
    pub remote_folder: String,
    pub remote_file: Option<String>,
    pub remote_path: Option<String>,
    pub skip_clean: bool,
    pub expect_disconnect: bool,
    pub valid_exit_codes: Vec<u32>,
    pub start_retry_timeout: Duration,
    pub pause_after: Duration,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// A file here.
    File(PathBuf),
    /// The text, its first line that of the interpreter. It may hold run-time templates.
    Inline(String),
}

/// `file`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Carry {
    /// Paths here for an upload, there for a download.
    pub sources: Vec<String>,
    /// What is uploaded instead of a file.
    pub content: Option<String>,
    pub destination: String,
    pub download: bool,
    /// Whether the sources may appear only while the run goes on.
    pub generated: bool,
}

/// `shell-local`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Local {
    /// The scripts: files, or one made of the lines.
    pub scripts: Vec<Script>,
    /// Variables, in order; values may hold run-time templates.
    pub environment: Vec<(String, String)>,
    pub env_var_format: String,
    /// The program and its arguments, with `{{.Vars}}`, `{{.Script}}` and `{{.Command}}`.
    pub execute_command: Vec<String>,
    /// Whether the variables go into the command's environment.
    pub in_environment: bool,
    /// Operating systems that do it; all where none is named.
    pub only_on: Vec<String>,
    /// The ending of a file made of lines, without a dot.
    pub tempfile_extension: Option<String>,
    /// Whether a path of Windows is handed to the Linux that runs within it.
    pub use_linux_pathing: bool,
    pub valid_exit_codes: Vec<u32>,
}

/// `breakpoint`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Breakpoint {
    pub note: Option<String>,
    pub disable: bool,
}

/// `powershell`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PowerShell {
    pub scripts: Vec<Script>,
    pub environment: Vec<(String, String)>,
    pub env_var_format: String,
    pub elevated_env_var_format: String,
    pub remote_path: Option<String>,
    pub remote_env_var_path: Option<String>,
    /// A run-time template with `{{.Path}}` and `{{.Vars}}`; bakec's own where none is given.
    pub execute_command: Option<String>,
    pub elevated_execute_command: Option<String>,
    pub elevated_user: Option<String>,
    /// A run-time template.
    pub elevated_password: Option<String>,
    /// None where the machine's own setting counts.
    pub execution_policy: Option<String>,
    pub debug_mode: u8,
    pub use_pwsh: bool,
    pub skip_clean: bool,
    pub valid_exit_codes: Vec<u32>,
    pub start_retry_timeout: Duration,
    pub pause_after: Duration,
}

/// `windows-restart`
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Restart {
    pub command: String,
    pub check_command: Option<String>,
    pub timeout: Duration,
    /// Keys of the registry that must be gone; none where that is not asked for.
    pub registry_keys: Vec<String>,
}

/// `reboot`
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Reboot {
    pub command: String,
    pub check_command: Option<String>,
    pub timeout: Duration,
}

/// What `ansible-galaxy` installs beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Galaxy {
    pub file: PathBuf,
    pub command: String,
    pub force: bool,
    pub force_with_deps: bool,
    pub roles_path: Option<String>,
    pub collections_path: Option<String>,
}

/// `ansible`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Ansible {
    pub playbook: PathBuf,
    pub command: String,
    /// Run-time templates, each an argument.
    pub extra_arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub ssh_extra_args: Vec<String>,
    pub groups: Vec<String>,
    pub empty_groups: Vec<String>,
    pub host_alias: String,
    pub user: Option<String>,
    pub skip_version_check: bool,
    pub inventory_directory: Option<PathBuf>,
    pub inventory_template: Option<String>,
    pub inventory_file: Option<PathBuf>,
    pub keep_inventory_file: bool,
    pub galaxy: Option<Galaxy>,
    /// Where roles and collections lie, also without anything to install.
    pub roles_path: Option<String>,
    pub collections_path: Option<String>,
}

/// `ansible-local`
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct AnsibleLocal {
    pub playbooks: Vec<PathBuf>,
    pub playbook_dir: Option<PathBuf>,
    pub playbook_paths: Vec<PathBuf>,
    pub role_paths: Vec<PathBuf>,
    pub collection_paths: Vec<PathBuf>,
    pub group_vars: Option<PathBuf>,
    pub host_vars: Option<PathBuf>,
    pub command: String,
    pub extra_arguments: Vec<String>,
    pub staging_directory: Option<String>,
    pub clean_staging_directory: bool,
    pub inventory_file: Option<PathBuf>,
    pub inventory_groups: Vec<String>,
    pub galaxy: Option<Galaxy>,
}
