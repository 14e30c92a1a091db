//! Post-processors and outputs: what comes once an image is made, on a rehearsed EC2 in a process of its own.

use std::path::Path;

use serde_json::{Value, json};

use crate::ec2::Ec2;
use crate::run::{Ran, bakec, command, finish, folder};

/// A template with these post-processors.
fn template(posts: Value) -> String {
    let builder = |name: &str| {
        json!({
            "type": "amazon-ebs", "name": name, "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
            "ssh_username": "ubuntu", "ssh_host": "127.0.0.1", "ssh_port": "{{user `port`}}", "ami_name": format!("image {name}"),
        })
    };
    let plan = json!({
        "variables": { "port": "22", "password": "hunter22" }, "sensitive-variables": ["password"],
        "builders": [builder("web"), builder("db")],
        "provisioners": [{ "type": "shell", "inline": ["true"] }],
        "post-processors": posts,
    });
    plan.to_string()
}

/// An EC2 whose clock is fast.
fn ec2() -> Ec2 {
    Ec2::start(&["--scale", "500", "--no-throttle"])
}

/// Runs bakec against it.
fn on(ec2: &Ec2, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(folder, arguments);
    command.args(["--endpoint-url", &ec2.endpoint, "--endpoint-scale", "500"]);
    if arguments[0] != "clean" || arguments.len() > 1 {
        command.args(["--var", &format!("port={}", ec2.ssh.port())]);
    }
    command.env("AWS_ACCESS_KEY_ID", "AKIDREHEARSAL").env("AWS_SECRET_ACCESS_KEY", "secret");
    finish(&mut command, "")
}

fn json_of(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error} in {text}"))
}

/// The ids of images that are there, with the state that their tag tells.
fn images(ec2: &Ec2) -> Vec<(String, String)> {
    let of = |image: &Value| {
        let tags = image["tags"].to_string();
        let state = if tags.contains("final") { "final" } else { "building" };
        (image["id"].as_str().unwrap_or_default().to_owned(), state.to_owned())
    };
    ec2.all("images").iter().map(of).collect()
}

#[test]
fn chains_work_on_what_was_made() {
    let ec2 = ec2();
    let folder = folder(&[
        (
            "plan.json",
            &template(json!([
                {
                    "type": "manifest", "output": "list.json", "strip_time": true,
                    "custom_data": { "from": "{{build `SourceAMI`}}", "host": "{{build `Host`}}", "name": "{{build_name}}" },
                },
                [
                    { "type": "shell-local", "name": "tell", "inline": ["echo \"$PACKER_BUILD_NAME $PACKER_BUILDER_TYPE $OWN {{build `ID`}}\" >> told"],
                      "environment_vars": ["OWN=it's {{user `password`}}"] },
                    { "type": "artifice", "files": ["*.bin"] },
                    { "type": "checksum", "checksum_types": ["md5", "sha256"], "output": "{{.BuildName}}.{{.ChecksumType}}" },
                    { "type": "manifest", "output": "files.json", "strip_path": true, "only": ["web"] },
                    { "type": "shell-local", "only_on": ["windows"], "command": "echo never > never" },
                ],
                { "type": "shell-local", "except": ["web"], "execute_command": ["/bin/sh", "-c", "{{.Vars}} sh {{.Script}} given"],
                  "valid_exit_codes": [0, 3], "script": "own.sh" },
            ])),
        ),
        ("a.bin", "hello\n"),
        ("own.sh", "echo $1 $PACKER_BUILD_NAME > own; exit 3\n"),
    ]);
    let ran = on(&ec2, folder.path(), &["run", "plan.json"]);
    assert_eq!(ran.code, 0, "{}", ran.said());
    assert!(!ran.said().contains("hunter22") && !ran.said().contains("never"), "{}", ran.said());
    let list = json_of(folder.path(), "list.json");
    let builds = list["builds"].as_array().expect("builds");
    assert_eq!(builds.len(), 2, "{list:#}");
    let made = images(&ec2);
    for build in builds {
        let id = build["artifact_id"].as_str().expect("an id");
        assert!(made.iter().any(|(image, state)| id == format!("us-east-1:{image}") && state == "final"), "{build:#}");
        assert_eq!(build["custom_data"]["from"], "ami-d05e75b8");
        assert_eq!(
            (&build["custom_data"]["host"], &build["custom_data"]["name"]),
            (&json!("127.0.0.1"), &build["name"])
        );
        assert_eq!((&build["packer_run_uuid"], &build["build_time"]), (&list["last_run_uuid"], &Value::Null));
    }
    let files = json_of(folder.path(), "files.json");
    let [entry] = &files["builds"].as_array().expect("builds")[..] else { panic!("one entry: {files:#}") };
    let sums = std::fs::read_to_string(folder.path().join("web.md5")).expect("checksums");
    assert_eq!(sums, "b1946ac92492d2347c6235b4d2611184\ta.bin\n");
    assert!(folder.path().join("db.sha256").is_file());
    let names: Vec<&str> =
        entry["files"].as_array().expect("files").iter().filter_map(|f| f["name"].as_str()).collect();
    assert_eq!(
        (names, &entry["name"], &entry["artifact_id"]),
        (vec!["a.bin", "web.md5", "web.sha256"], &json!("web"), &json!(""))
    );
    let told = std::fs::read_to_string(folder.path().join("told")).expect("it was told");
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("db amazon-ebs it's hunter22 i-") && lines[1].starts_with("web amazon-ebs"), "{told}");
    assert_eq!(std::fs::read_to_string(folder.path().join("own")).ok().as_deref(), Some("given db\n"));
    assert!(!folder.path().join("never").exists());
    // What a journal holds of it is no secret.
    let shown = bakec(folder.path(), &["show", "--json"], "").done();
    assert!(shown.contains("\"step\": \"post\"") && !shown.contains("hunter22"), "{shown}");
}

#[test]
fn two_runs_at_once_lose_no_entry() {
    let ec2 = ec2();
    let folder = folder(&[(
        "plan.json",
        &template(json!([{ "type": "manifest" }])).replace("\"ami_name\":\"", "\"ami_name\":\"{{uuid}} "),
    )]);
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..3).map(|n| (n, scope.spawn(|| on(&ec2, folder.path(), &["run", "plan.json"])))).collect();
        for (n, run) in runs {
            let ran = run.join().expect("nobody panics");
            assert_eq!(ran.code, 0, "run {n}: {}", ran.said());
        }
    });
    let list = json_of(folder.path(), "packer-manifest.json");
    let mut ids: Vec<String> =
        list["builds"].as_array().expect("builds").iter().map(|b| b["artifact_id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), images(&ec2).len()), (6, 6), "{list:#}");
    assert!(!folder.path().join("packer-manifest.json.lock").exists());
    // A run that is forced begins the list anew, and both of its builds stand in it.
    let ran = on(&ec2, folder.path(), &["run", "--force", "plan.json"]);
    assert_eq!(ran.code, 0, "{}", ran.said());
    assert_eq!(json_of(folder.path(), "packer-manifest.json")["builds"].as_array().map(Vec::len), Some(2));
}

#[test]
fn one_that_fails_leaves_the_image_and_the_other_chains() {
    let ec2 = ec2();
    let posts = json!([
        [{ "type": "shell-local", "inline": ["exit 7"], "only": ["web"] }, { "type": "manifest", "output": "after.json" }],
        { "type": "manifest", "output": "list.json" },
    ]);
    let folder = folder(&[("plan.json", &template(posts))]);
    let ran = on(&ec2, folder.path(), &["run", "plan.json"]);
    assert_eq!(ran.code, 1, "{}", ran.said());
    for words in [
        "Build 'web' made its image, and a post-processor failed",
        "the inline script ended with the exit status 7",
        "==> Made and final, though not all post-processors have come to their end:\n--> web: AMIs were created:\nus-east-1: ami-",
        "1 build done, 1 failed",
    ] {
        assert!(ran.out.contains(words), "no {words:?} in\n{}", ran.out);
    }
    let made = images(&ec2);
    assert!(made.len() == 2 && made.iter().all(|(_, state)| state == "final"), "{made:?}");
    let names = |file: &str| -> Vec<String> {
        let list = json_of(folder.path(), file);
        let names = list["builds"].as_array().expect("builds").iter().map(|b| b["name"].to_string());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(
        (names("list.json"), names("after.json")),
        (vec!["\"db\"".into(), "\"web\"".into()], vec!["\"db\"".into()])
    );
    let shown = bakec(folder.path(), &["show"], "").done();
    assert!(
        shown.contains("web: image made, not all post-processors done") && shown.contains("[bake::run::post]"),
        "{shown}"
    );
    // It is over: there is nothing to go on with, and nothing to undo.
    assert_eq!(on(&ec2, folder.path(), &["resume", "last"]).code, 2);
    assert_eq!(on(&ec2, folder.path(), &["clean", "last"]).code, 0);
    assert_eq!(images(&ec2).len(), 2);
}

#[test]
fn one_that_is_left_out_takes_its_chain_along() {
    let posts = json!([
        [{ "type": "shell-local", "name": "tell", "inline": ["true"] }, { "type": "manifest", "output": "a.json" }],
        { "type": "manifest", "output": "b.json" },
    ]);
    let program = "image web {\n    builder amazon-ebs {\n        region        = \"us-east-1\"\n        source_ami    = \"ami-d05e75b8\"\n        \
                   instance_type = \"m3.medium\"\n        ssh_username  = \"ubuntu\"\n        ami_name      = \"web image\"\n    }\n    post {\n        \
                   shell-local {\n            name   = \"tell\"\n            inline = [\"true\"]\n        }\n        then manifest { output = \"a.json\" }\n    }\n    \
                   post manifest { output = \"b.json\" }\n}\n";
    let folder = folder(&[("plan.json", &template(posts)), ("web.bake", program)]);
    for file in ["plan.json", "web.bake"] {
        let ran = bakec(folder.path(), &["run", "--rehearse", "-except=tell", file], "");
        assert!(ran.code == 0 && !ran.out.contains("`tell`") && !ran.out.contains("a.json"), "{}", ran.said());
        assert!(ran.out.contains("b.json"), "{}", ran.said());
        // A rehearsal writes below its own folder, and runs nothing here.
        assert!(!folder.path().join("b.json").exists());
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_starts() {
    let of = |posts: Value, words: &str| {
        let folder = folder(&[("plan.json", &template(posts))]);
        let ran = bakec(folder.path(), &["run", "--rehearse", "plan.json"], "");
        assert!(ran.code == 3 && ran.errors.contains(words), "no {words:?}: {} {}", ran.code, ran.said());
        assert!(!folder.path().join(".bakec/runs").exists());
    };
    of(json!([{ "type": "compress" }]), "the post-processor `compress` is not executed yet");
    of(json!([{ "type": "vagrant" }]), "the post-processor `vagrant` is not executed yet");
    of(json!([{ "type": "manifest", "outptu": "a" }]), "did you mean `output`?");
    of(json!([{ "type": "manifest", "custom_data": { "a": "{{build `Sauce`}}" } }]), "Sauce");
    of(json!([{ "type": "checksum", "checksum_types": ["crc"] }]), "there is no checksum `crc`");
    of(json!([{ "type": "checksum", "output": "{{.Foo}}" }]), "Foo");
    of(json!([{ "type": "artifice", "files": ["a"], "keep_input_artifact": false }]), "would deregister the image");
    of(json!([{ "type": "artifice", "files": [] }]), "`artifice` names no file");
    of(json!([{ "type": "shell-local" }]), "a shell-local step runs `");
    of(json!([{ "type": "shell-local", "inline": ["a"], "command": "b" }]), "exclude each other");
    of(json!([{ "type": "shell-local", "script": "none.sh" }]), "the script `none.sh` cannot be read");
    of(
        json!([{ "type": "shell-local", "inline": ["a"], "only_on": ["plan9"] }]),
        "there is no operating system `plan9`",
    );
    of(
        json!([{ "type": "shell-local", "inline": ["a"], "environment_vars": ["=x"] }]),
        "the variable `=x` has no name",
    );
    of(json!([{ "type": "shell-local", "inline": ["a"], "valid_exit_codes": ["x"] }]), "`x` is no exit code");
    of(json!([{ "type": "shell-local", "inline": ["a"], "use_linux_pathing": true }]), "works with `script`");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_goes_on_with_what_has_not_run() {
    let ec2 = ec2();
    // The second one kills the run, as long as nobody has told it not to.
    let posts = json!([
        [
            { "type": "manifest", "output": "one.json", "only": ["web"] },
            { "type": "shell-local", "name": "risky", "only": ["web"], "execute_command": ["/bin/sh", "{{.Script}}"],
              "inline": ["echo begun >> begun", "test -e safe || kill -9 $PPID", "test -e safe || sleep 5"] },
            { "type": "manifest", "output": "two.json", "only": ["web"], "custom_data": { "from": "{{build `SourceAMI`}}" } },
        ],
    ]);
    let folder = folder(&[("plan.json", &template(posts))]);
    let mut killed = command(folder.path(), &["run", "plan.json", "--only", "web", "--endpoint-url", &ec2.endpoint]);
    killed.args(["--endpoint-scale", "500", "--var", &format!("port={}", ec2.ssh.port())]);
    killed.env("AWS_ACCESS_KEY_ID", "AKIDREHEARSAL").env("AWS_SECRET_ACCESS_KEY", "secret");
    let status = killed.stdout(std::process::Stdio::null()).status().expect("it starts");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    let begun = || std::fs::read_to_string(folder.path().join("begun")).unwrap_or_default().lines().count();
    assert_eq!(
        (begun(), images(&ec2).len(), ec2.all("instances").iter().filter(|i| i["state"] == "running").count()),
        (1, 1, 0)
    );
    assert!(bakec(folder.path(), &["show"], "").done().contains("interrupted"));
    let ran = on(&ec2, folder.path(), &["resume", "last"]);
    assert_eq!(ran.code, 3, "{}", ran.said());
    for words in ["`risky` of `web` was interrupted", "bake::run::resume", "--again` runs them"] {
        assert!(ran.errors.contains(words), "no {words:?} in {}", ran.said());
    }
    std::fs::write(folder.path().join("safe"), "").expect("it can be written");
    let ran = on(&ec2, folder.path(), &["resume", "last", "--again"]);
    assert_eq!((ran.code, begun()), (0, 2), "{}", ran.said());
    let count = |file: &str| json_of(folder.path(), file)["builds"].as_array().map(Vec::len);
    assert_eq!((count("one.json"), count("two.json")), (Some(1), Some(1)), "what was done is not done again");
    assert_eq!(json_of(folder.path(), "two.json")["builds"][0]["custom_data"]["from"], "ami-d05e75b8");
    let made = images(&ec2);
    assert!(made.len() == 1 && made[0].1 == "final", "{made:?}");
    assert!(bakec(folder.path(), &["show"], "").done().contains(": built"));
}

#[cfg(unix)]
#[test]
fn what_is_cleaned_while_post_processors_run_keeps_its_image() {
    let ec2 = ec2();
    let posts = json!([{ "type": "shell-local", "only": ["web"], "execute_command": ["/bin/sh", "{{.Script}}"], "inline": ["kill -9 $PPID", "sleep 5"] }]);
    let folder = folder(&[("plan.json", &template(posts))]);
    let mut killed = command(folder.path(), &["run", "plan.json", "--only", "web", "--endpoint-url", &ec2.endpoint]);
    killed.args(["--endpoint-scale", "500", "--var", &format!("port={}", ec2.ssh.port())]);
    killed.env("AWS_ACCESS_KEY_ID", "AKIDREHEARSAL").env("AWS_SECRET_ACCESS_KEY", "secret");
    assert!(!killed.stdout(std::process::Stdio::null()).status().expect("it starts").success());
    let ran = on(&ec2, folder.path(), &["clean", "last"]);
    assert_eq!(ran.code, 0, "{}", ran.said());
    let made = images(&ec2);
    assert!(made.len() == 1 && made[0].1 == "final", "{made:?}");
    let shown = bakec(folder.path(), &["show"], "").done();
    assert!(shown.contains("web: image made, not all post-processors done"), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_cancel_keeps_the_image() {
    let ec2 = ec2();
    let posts = json!([[
        { "type": "shell-local", "inline": ["kill -INT $PPID", "sleep 30"], "only": ["web"], "execute_command": ["/bin/sh", "{{.Script}}"] },
        { "type": "manifest", "output": "never.json" },
    ]]);
    let folder = folder(&[("plan.json", &template(posts))]);
    let start = std::time::Instant::now();
    let ran = on(&ec2, folder.path(), &["run", "plan.json", "--only", "web"]);
    assert_eq!(ran.code, 130, "{}", ran.said());
    assert!(start.elapsed().as_secs() < 25, "the command was ended");
    assert!(ran.out.contains("was cancelled before its post-processors had ended"), "{}", ran.said());
    let made = images(&ec2);
    assert!(made.len() == 1 && made[0].1 == "final" && !folder.path().join("never.json").exists(), "{made:?}");
    assert!(!bakec(folder.path(), &["show"], "").done().contains("may have left"));
}

const OUTPUTS: &str = r#"variable port: int = 22
variable owner: string = "team {{timestamp}}"

image web {
    matrix {
        axis region in ["us-east-1", "us-west-2"]
    }

    name = "web-${region}"

    builder amazon-ebs {
        region        = region
        source_ami    = if region == "us-east-1" then "ami-d05e75b8" else "ami-5189a661"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        ssh_host      = "127.0.0.1"
        ssh_port      = port
        ami_name      = "web {{uuid}}"
        ami_regions   = if region == "us-east-1" then ["eu-west-1"] else []
    }
}

output "ids/all.json" = { for b in web: b.name = { id = b.ami, all = b.amis, owner = "by ${owner}" } }
output "east.tfvars" = { east = web["us-east-1"], note = "a $${b} \"c\"" }
output "west.tfvars.json" = { west = web["us-west-2"] }
"#;

#[test]
fn outputs_hold_the_images_of_this_run_and_of_former_ones() {
    let ec2 = Ec2::start(&["--scale", "500", "--no-throttle", "--ami", "us-west-2/ami-5189a661"]);
    let folder = folder(&[("sub/web.bake", OUTPUTS)]);
    // Only one of them: what the other is in is left alone, and that is said.
    let ran = on(&ec2, folder.path(), &["run", "sub/web.bake", "--only", "web-us-east-1"]);
    assert_eq!(ran.code, 0, "{}", ran.said());
    let alone = "all.json` alone: `web-us-west-2` is not built, neither by this run nor by one before it";
    assert!(ran.out.contains(alone) && !folder.path().join("sub/ids").exists(), "{}", ran.said());
    let id = |name: &str, region: &str| {
        let all = ec2.all("images");
        let one = all.iter().rfind(|i| i["region"] == region && i["tags"].to_string().contains(name));
        one.unwrap_or_else(|| panic!("no image of {name} in {region}: {all:#?}"))["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let east = id("web-us-east-1", "us-east-1");
    let text = std::fs::read_to_string(folder.path().join("sub/east.tfvars")).expect("it is written");
    assert_eq!(text, format!("east = \"{east}\"\nnote = \"a $${{b}} \\\"c\\\"\"\n"));
    assert!(!folder.path().join("sub/west.tfvars.json").exists());
    // The other one: now all are known, one of them from the run before.
    let ran = on(&ec2, folder.path(), &["run", "sub/web.bake", "--only", "web-us-west-2"]);
    assert_eq!(ran.code, 0, "{}", ran.said());
    let west = id("web-us-west-2", "us-west-2");
    let all = json_of(folder.path(), "sub/ids/all.json");
    let copy = id("web-us-east-1", "eu-west-1");
    assert_eq!(all["web-us-east-1"]["id"], json!(east), "{all:#}");
    assert_eq!(all["web-us-east-1"]["all"], json!({ "us-east-1": east, "eu-west-1": copy }));
    assert_eq!(all["web-us-west-2"]["all"], json!({ "us-west-2": west }));
    assert!(all["web-us-west-2"]["owner"].as_str().is_some_and(|o| o.starts_with("by team 1")), "{all:#}");
    assert_eq!(json_of(folder.path(), "sub/west.tfvars.json"), json!({ "west": west }));
    // A build that fails leaves the file as it was, though there is an older image.
    ec2.ask("POST", "faults", &json!("image-fails@1"));
    let ran = on(&ec2, folder.path(), &["run", "sub/web.bake", "--only", "web-us-west-2"]);
    assert_eq!(ran.code, 1, "{}", ran.said());
    assert!(ran.out.contains("all.json` alone: `web-us-west-2` is not built\n"), "{}", ran.said());
    assert_eq!(json_of(folder.path(), "sub/ids/all.json"), all);
    // A rehearsal leaves all files alone.
    let before = json_of(folder.path(), "sub/ids/all.json");
    let ran = bakec(folder.path(), &["run", "--rehearse", "sub/web.bake", "--ami", "us-west-2/ami-5189a661"], "");
    assert!(ran.code == 0 && ran.out.contains("/rehearsed/ids/all.json"), "{}", ran.said());
    assert_eq!(json_of(folder.path(), "sub/ids/all.json"), before);
}

#[test]
fn an_output_that_cannot_be_written_is_told_and_its_shape_beforehand() {
    let ec2 = Ec2::start(&["--scale", "500", "--no-throttle", "--ami", "us-west-2/ami-5189a661"]);
    let folder = folder(&[("web.bake", OUTPUTS), ("ids", "a file where a folder should be")]);
    let ran = on(&ec2, folder.path(), &["run", "web.bake"]);
    assert_eq!(ran.code, 1, "{}", ran.said());
    for words in ["bake::run::output", "ids/all.json` cannot be written", "show "] {
        assert!(ran.errors.contains(words), "no {words:?} in {}", ran.said());
    }
    assert!(folder.path().join("west.tfvars.json").is_file(), "the others are written");
    let wrong = OUTPUTS.replace("{ west = web", "{ \"a b\" = web");
    std::fs::write(folder.path().join("web.bake"), wrong).expect("it can be written");
    let ran = bakec(folder.path(), &["run", "--rehearse", "web.bake", "--ami", "us-west-2/ami-5189a661"], "");
    assert!(ran.code == 3 && ran.errors.contains("`a b` is no name of a variable"), "{} {}", ran.code, ran.said());
}
