//! The `bakec` program.

fn main() -> std::process::ExitCode {
    bakec::cli::main()
}
