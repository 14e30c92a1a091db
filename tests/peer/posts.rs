//! The peer: post-processors by Packer 1.6.6 and by bakec, from the same template, on the same machine.
//!
//! What they leave behind must be the same to the byte, but for times, run ids and the names of temporary scripts. It runs only with
//! `BAKEC_PEER=1`. It needs no EC2: the builder makes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use regex::Regex;

use crate::peer_sshd::asked_for;
use crate::run::{bakec, folder, packer};

/// Files that both start with.
const FILES: [(&str, &str); 4] = [
    ("a.txt", "hello\n"),
    ("b.bin", "b<&>\n"),
    ("sub/c.txt", "c"),
    ("own.sh", "#!/bin/sh\necho \"$1 $A $PACKER_BUILD_NAME $PACKER_BUILDER_TYPE\" >> told\n"),
];

const TEMPLATE: &str = r#"{
  "variables": { "v": "x<y>&" },
  "builders": [
    { "type": "null", "communicator": "none", "name": "one" },
    { "type": "null", "communicator": "none", "name": "two" }
  ],
  "post-processors": [
    { "type": "manifest", "output": "list.json", "custom_data": { "b": "{{user `v`}}", "a": "{{build_name}} é \u2028 'x'", "id": "{{build `ID`}}" } },
    { "type": "manifest", "output": "list.json", "strip_time": true, "only": ["two"] },
    [
      { "type": "artifice", "files": ["*.txt", "b.bin", "sub/*", "none*"] },
      { "type": "checksum", "checksum_types": ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] },
      { "type": "manifest", "output": "files.json", "strip_path": true, "keep_input_artifact": false },
      { "type": "checksum", "output": "out/{{.BuildName}}-{{.BuilderType}}.{{.ChecksumType}}" },
      { "type": "manifest", "output": "whole.json", "strip_time": true }
    ],
    [
      { "type": "checksum", "output": "nothing.{{.ChecksumType}}" },
      { "type": "manifest", "output": "nothing.json" }
    ],
    { "type": "shell-local", "name": "tell", "inline": ["echo \"$A $PACKER_BUILD_NAME {{build_type}}\" >> told"], "environment_vars": ["A=it's \"q\" $x"] },
    { "type": "shell-local", "script": "own.sh", "environment_vars": ["A=1"], "execute_command": ["/bin/sh", "-c", "{{.Vars}} /bin/sh {{.Script}} given"] },
    { "type": "shell-local", "command": "echo command >> told; exit 3", "valid_exit_codes": ["0", 3] },
    { "type": "shell-local", "inline": ["echo never >> told"], "only_on": ["windows"] },
    { "type": "shell-local", "inline": ["echo $Z >> told"], "env_var_format": "export %s='%s'; ", "environment_vars": ["Z=7"], "tempfile_extension": "sh" }
  ]
}
"#;

/// All files below a folder with what differs from run to run replaced.
fn left(folder: &Path) -> BTreeMap<String, String> {
    let steady = |text: String| {
        let time = Regex::new(r#""build_time": \d+"#)
            .expect("the pattern is a regex")
            .replace_all(&text, "\"build_time\": T")
            .into_owned();
        let id = Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
            .expect("the pattern is a regex");
        id.replace_all(&time, "UUID").into_owned()
    };
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("it is below").display().to_string();
            match path.is_dir() {
                true if name == ".bakec" || name == "port_cache" || name == "packer_cache" => {}
                true => folders.push(path),
                false => drop(found.insert(name, steady(std::fs::read_to_string(&path).unwrap_or_default()))),
            }
        }
    }
    found
}

#[test]
fn peer_post_processors_leave_the_same_files() {
    if !asked_for() {
        return;
    }
    let theirs = folder(&FILES);
    let ours = folder(&FILES);
    // One build after the other, and twice: the second run finds what the first has left.
    for more in [&[][..], &["-force"]] {
        for folder in [&theirs, &ours] {
            std::fs::write(folder.path().join("t.json"), TEMPLATE).expect("it can be written");
        }
        let done = packer(theirs.path(), &[&["build", "-parallel-builds=1"], more, &["t.json"]].concat())
            .expect("Packer 1.6.6");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        bakec(ours.path(), &[&["run", "-parallel-builds=1"], more, &["t.json"]].concat(), "").done();
        let (theirs, ours) = (left(theirs.path()), left(ours.path()));
        assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
        assert!(theirs.len() > 20, "{:?}", theirs.keys());
        for (name, text) in &theirs {
            // bakec writes a checksum once, Packer one more at every run.
            let once = |text: &str| {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.sort_unstable();
                lines.dedup();
                lines.join("\n")
            };
            let sums = name.ends_with(".checksum") || name.starts_with("out/");
            let same = if sums { once(text) == once(&ours[name]) } else { *text == ours[name] };
            assert!(same, "{name}:\n{text}\nand\n{}", ours[name]);
        }
    }
}
