//! What is loaded for a program, and from where.

use super::*;

fn loaded(files: &[(&str, &str)]) -> (Loaded, Problems) {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let world = Memory { files, ..Memory::default() };
    let mut problems = Problems::new();
    (load(&world, "main.bake", &mut problems), problems)
}

fn paths(loaded: &Loaded) -> Vec<(&str, bool)> {
    loaded.modules.iter().map(|m| (&**loaded.sources.get(m.file).path(), m.prelude)).collect()
}

#[test]
fn imports_stand_before_the_prelude_and_each_is_there_once() {
    let (loaded, problems) = loaded(&[
        ("main.bake", "import \"a.bake\"\nimport \"lib/../b.bake\"\nimage i { builder null {} }"),
        ("a.bake", "import \"b.bake\""),
        ("b.bake", ""),
    ]);
    assert!(!problems.has_errors());
    let own: Vec<_> = paths(&loaded).into_iter().take_while(|(_, prelude)| !prelude).collect();
    assert_eq!(own, [("main.bake", false), ("a.bake", false), ("b.bake", false)]);
    assert!(paths(&loaded).contains(&("prelude/null.bake", true)));
    assert_eq!(loaded.files.len(), 3);
}

#[test]
fn a_folder_of_the_users_that_is_called_prelude_is_not_the_prelude() {
    let (loaded, problems) = loaded(&[
        ("main.bake", "import \"prelude/types.bake\" as own\nimage i { builder null {} builder amazon-ebs {} }"),
        ("prelude/types.bake", "let x = 1"),
    ]);
    assert!(!problems.has_errors());
    let types: Vec<bool> = paths(&loaded)
        .into_iter()
        .filter(|(path, _)| *path == "prelude/types.bake")
        .map(|(_, prelude)| prelude)
        .collect();
    assert_eq!(types, [false, true]);
    assert!(loaded.modules.iter().all(|m| m.file.is_builtin() == m.prelude));
}
