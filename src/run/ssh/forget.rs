//! A key is taken out of the files by which a machine lets people in.
//!
//! It must not know whose key it is. Neighbours: `line` asks for it when all else on the machine is done.

use super::quote;
use super::shell::{Exit, Pipe, Shell};
use crate::run::problem::Problem;

/// Writes the file anew without the lines that hold the key. The file stays the same one, with its owner and its mode; where there
/// is none, or the key is not in it, nothing is done.
const SCRIPT: &str = "[ -f \"$1\" ] && grep -qF \"$2\" \"$1\" || exit 0; rest=$(grep -vF \"$2\" \"$1\"); \
                      if [ -n \"$rest\" ]; then printf \"%s\\n\" \"$rest\" > \"$1\"; else : > \"$1\"; fi";

impl Shell {
    /// Takes a public key, in base64, out of the user's `authorized_keys` and out of root's. Says which of them could not be written.
    pub async fn forget_key(&mut self, key: &str) -> Result<Vec<String>, Problem> {
        let mut left = Vec::new();
        let (own, root) = ("~/.ssh/authorized_keys", "/root/.ssh/authorized_keys");
        for (sudo, file) in [("", own), ("sudo -n ", root)] {
            let command = format!("{sudo}sh -c '{SCRIPT}' sh {} {}", quote(file), quote(key));
            let mut said = String::new();
            let exit = self
                .run(&command, None, &mut |pipe, line| {
                    if pipe == Pipe::Error {
                        said = line.to_owned();
                    }
                })
                .await?;
            match exit {
                Exit::Status(0) => {}
                // Who may not become root has no file of root's to write.
                Exit::Lost(_) => return Err(self.lost("while the temporary key was taken away")),
                _ => left.push(format!("{file}: {}", if said.is_empty() { "it cannot be written" } else { &said })),
            }
        }
        Ok(left)
    }
}
