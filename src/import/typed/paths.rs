//! Paths of a template, told from the place of the program. Packer tells them from the folder where it runs.

use crate::import::draft::{Kind, Piece, Value};
use crate::load::World;
use crate::load::world::{join, normalise};

/// Where the template lies and where the program will.
pub(in crate::import) struct Paths<'w> {
    pub(in crate::import) world: &'w dyn World,
    /// The template, as a path from the current folder.
    pub(in crate::import) template: String,
    /// The program.
    pub(in crate::import) program: String,
}

impl Paths<'_> {
    /// Mends the path of a file that is read when the program is compiled: the template tells it from its own folder.
    pub(super) fn beside(&self, value: &mut Value) {
        let Some(path) = value.plain().filter(|path| is_relative(path)) else { return };
        if folder(&self.program) != folder(&self.template) {
            let path = relative(folder(&self.program), &join(&self.template, path));
            *value = Value::text(path, value.span);
        }
    }

    /// Mends a path in place.
    pub(super) fn mend(&self, value: &mut Value) {
        let Kind::Text(pieces) = &mut value.kind else { return };
        let from_template = match &pieces[..] {
            [Piece::Action(action), ..] => action.trim_matches(['{', '}', ' ', '-']) == "template_dir",
            _ => false,
        };
        if from_template {
            pieces.remove(0);
            if let Some(Piece::Chars(chars)) = pieces.first_mut() {
                *chars = chars.trim_start_matches('/').to_owned();
            }
        }
        let whole = pieces.len() == 1;
        let Some(Piece::Chars(chars)) = pieces.first_mut() else { return };
        if !is_relative(chars) {
            return;
        }
        let beside = join(&self.template, chars);
        let here = normalise(chars);
        let from_here = !from_template && whole && !self.world.exists(&beside) && self.world.exists(&here);
        let target = if from_here { here } else { beside };
        let (folder, own) = (folder(&self.program), folder(&self.template));
        if from_here || folder != own {
            *chars = relative(folder, &target);
        }
    }
}

/// Whether a path is told from some folder.
fn is_relative(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['/', '~', '\\']) && path.as_bytes().get(1) != Some(&b':')
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from a folder; both are told from the same place.
fn relative(folder: &str, path: &str) -> String {
    let normal = normalise(if folder.is_empty() { "." } else { folder });
    let from: Vec<&str> = normal.split('/').filter(|p| !matches!(*p, "." | "")).collect();
    if path.starts_with('/') || folder.starts_with('/') || from.contains(&"..") {
        return path.to_owned();
    }
    let to: Vec<&str> = path.split('/').filter(|p| *p != ".").collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Memory;
    use crate::text::{FileId, Span};

    #[test]
    fn paths_are_told_from_the_program() {
        let world = Memory::of([("packer/a.sh", ""), ("scripts/b.sh", "")]);
        let mended = |program: &str, path: &str| {
            let paths = Paths { world: &world, template: "packer/t.json".into(), program: program.into() };
            let mut value = Value::text(path, Span::file_start(FileId(0)));
            paths.mend(&mut value);
            value.plain().unwrap_or_default().to_owned()
        };
        assert_eq!(mended("packer/t.bake", "a.sh"), "a.sh");
        assert_eq!(mended("packer/t.bake", "./none.sh"), "./none.sh");
        assert_eq!(mended("packer/t.bake", "scripts/b.sh"), "../scripts/b.sh");
        assert_eq!(mended("t.bake", "a.sh"), "packer/a.sh");
        assert_eq!(mended("images/t.bake", "a.sh"), "../packer/a.sh");
        assert_eq!(mended("images/t.bake", "/etc/a"), "/etc/a");
        assert_eq!(mended("images/t.bake", "~/a"), "~/a");
    }
}
