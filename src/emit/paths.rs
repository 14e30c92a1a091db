//! What paths are relative to. It knows path texts, no file system.

/// What paths in the emitted plan are relative to.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Paths {
    /// The folder that the plan was made in, where Packer looks.
    #[default]
    Current,
    /// The folder of the emitted file, by `{{template_dir}}`. Both paths are absolute.
    TemplateDir {
        /// The folder of the emitted file.
        folder: String,
        /// The folder that the plan was made in.
        current: String,
    },
}

impl Paths {
    /// The path from the emitted file's folder, for a path or the beginning of one; `None` where it stays as it is.
    pub(super) fn rebased(&self, path: &str) -> Option<String> {
        let Paths::TemplateDir { folder, current } = self else { return None };
        if path.is_empty() || path.starts_with(['/', '~', '\\']) || path.as_bytes().get(1) == Some(&b':') {
            return None;
        }
        let (folder, target) = (parts("", folder), parts(current, path));
        let common = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
        let up = std::iter::repeat_n("..", folder.len() - common);
        let mut relative: String = up.chain(target[common..].iter().copied()).collect::<Vec<_>>().join("/");
        if relative.is_empty() {
            relative.push('.');
        }
        if path.ends_with('/') {
            relative.push('/');
        }
        Some(relative)
    }
}

/// The names on the way to a path from the root; `.` and `..` taken back.
fn parts<'a>(base: &'a str, path: &'a str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_folder_of_the_plan() {
        let paths = Paths::TemplateDir { folder: "/srv/out/plans".into(), current: "/srv/src".into() };
        let rebased = |p| paths.rebased(p).expect("a relative path");
        assert_eq!(rebased("a.sh"), "../../src/a.sh");
        assert_eq!(rebased("../out/plans/x/"), "x/");
        assert_eq!(rebased("../out/plans"), ".");
        assert_eq!(rebased("../../b"), "../../../b");
        assert_eq!(paths.rebased("/etc/a"), None);
        assert_eq!(paths.rebased("~/a"), None);
        assert_eq!(Paths::Current.rebased("a"), None);
    }
}
