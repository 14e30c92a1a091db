//! Templates as people write them: what their builds are, and what is said of those that cannot be run.

use super::*;
use crate::packer::read_placed;
use crate::run::build::{Builder, Ebs, Key, Script, Work};
use crate::run::secret::HIDDEN;
use crate::schema::Kind;
use crate::text::{FileId, Span};
use crate::ty::{Field, Ty};

mod machine;

fn inputs() -> Inputs {
    Inputs {
        vars: Vec::new(),
        var_files: Vec::new(),
        moment: Moment { at: "2024-05-01T10:00:00Z".parse().unwrap(), uuid: "u-u-i-d".to_owned() },
        packer_defaults: false,
        force: false,
        folder: PathBuf::from("plans"),
        current: PathBuf::from("/here"),
        environment: BTreeMap::new(),
        kinds: Arc::default(),
        except_posts: Vec::new(),
    }
}

/// An option of any type.
fn field() -> Field {
    let span = Span::new(FileId(0), 0, 0);
    Field { ty: Ty::Poison, optional: true, default: false, doc: "".into(), notes: None, span }
}

fn read(text: &str, inputs: &Inputs) -> Result<(Vec<Build>, Vec<Warning>), Vec<Problem>> {
    read_by(text, inputs, &Gate::default())
}

fn read_by(text: &str, inputs: &Inputs, gate: &Gate) -> Result<(Vec<Build>, Vec<Warning>), Vec<Problem>> {
    let (document, problems) = read_placed(FileId(0), "plan.json", text);
    builds(&document.unwrap_or_else(|| panic!("{problems:?}")), inputs, gate)
}

/// The builds of a template with one `amazon-ebs` builder that has these options beside those it needs.
fn template(options: &str, rest: &str) -> String {
    format!(
        r#"{{ "builders": [{{ "type": "amazon-ebs", "name": "web", "region": "us-east-1", "source_ami": "ami-1",
           "instance_type": "t2.micro", "ssh_username": "me", "ami_name": "image" {options} }}] {rest} }}"#
    )
}

#[track_caller]
fn ebs(options: &str, rest: &str) -> Ebs {
    let (builds, _) = read(&template(options, rest), &inputs()).unwrap_or_else(|p| panic!("{p:?}"));
    match builds.into_iter().next().map(|b| b.builder) {
        Some(Builder::Ebs(ebs)) => *ebs,
        other => panic!("{other:?}"),
    }
}

/// What is wrong with a template: `message | help` of each problem.
#[track_caller]
fn wrong(text: &str) -> Vec<String> {
    wrong_with(text, &inputs())
}

#[track_caller]
fn wrong_with(text: &str, inputs: &Inputs) -> Vec<String> {
    let problems = read(text, inputs).expect_err("the template is wrong");
    problems.into_iter().map(|p| format!("{} | {}", p.message, p.help.unwrap_or_default())).collect()
}

#[test]
fn options_are_taken_as_loosely_as_packer_takes_them() {
    let ebs = ebs(
        r#", "ebs_optimized": "true", "ami_users": "111111111111, 222222222222", "ami_groups": ["all"], "ssh_port": "2222", "ssh_timeout": "1h1m1.5s",
           "ami_regions": ["us-east-1", "eu-west-1", "eu-west-1"], "max_retries": 3, "run_tags": [{ "a": 1 }, { "b": true }],
           "launch_block_device_mappings": { "device_name": "/dev/sda1", "volume_size": "8", "delete_on_termination": 1 },
           "run_volume_tag": [{ "name": "k", "value": "v" }], "ssh_pty": 1, "encrypt_boot": null, "snapshot_groups": []"#,
        "",
    );
    assert!(ebs.launch.ebs_optimized);
    assert_eq!(ebs.image.users, ["111111111111", "222222222222"]);
    assert_eq!(ebs.image.regions, ["eu-west-1"]);
    let ssh = ebs.ssh.expect("a connection");
    assert_eq!((ssh.port, ssh.pty, ssh.timeout.as_millis()), (2222, true, 3_661_500));
    assert_eq!(ebs.access.max_retries, Some(3));
    let pair = |(k, v): &(String, String)| format!("{k}={v}");
    assert_eq!(ebs.launch.tags.iter().map(pair).collect::<Vec<_>>(), ["a=1", "b=true"]);
    assert_eq!(ebs.launch.volume_tags.iter().map(pair).collect::<Vec<_>>(), ["k=v"]);
    let device = &ebs.launch.devices[0];
    assert_eq!((device.name.as_str(), device.size, device.delete_on_termination), ("/dev/sda1", Some(8), true));
}

#[test]
fn what_is_not_executed_or_no_option_is_refused_by_name() {
    let names = ["amazon-ebs", "shell"];
    let mut inputs = inputs();
    let mut kinds = Kinds::default();
    for (name, options) in
        names.iter().zip([&["vault_aws_engine", "pause_before_ssm", "fast_launch", "region"][..], &["inline"]])
    {
        let category = if *name == "shell" { Category::Provisioner } else { Category::Builder };
        let options = options.iter().map(|o| ((*o).into(), field())).collect();
        kinds.insert((category, (*name).into()), Kind { name: (*name).into(), options, ..Kind::default() });
    }
    inputs.kinds = Arc::new(kinds);
    let text = template(
        r#", "pause_before_ssm": "5s", "fast_launch": {}, "vault_aws_engine": { "name": "x" }, "pause_before_sm": 1"#,
        r#", "provisioners": [{ "type": "shell", "inlin": "x", "inline": "true" }, { "type": "windows-shell", "inline": "dir" }]"#,
    );
    assert_eq!(
        wrong_with(&text, &inputs),
        [
            format!("the option `pause_before_ssm` of `amazon-ebs` is not executed yet by `bakec run` | {WAY_OUT}"),
            format!("the option `vault_aws_engine` of `amazon-ebs` is not executed yet by `bakec run` | {WAY_OUT}"),
            "`amazon-ebs` has no option `pause_before_sm` | did you mean `pause_before_ssm`?".to_owned(),
            "`shell` has no option `inlin` | did you mean `inline`?".to_owned(),
            format!("the provisioner `windows-shell` is not executed yet by `bakec run` | {WAY_OUT}"),
        ]
    );
}

/// What AWS or Packer would refuse, each with the beginning of what is said.
const UNFIT: &[(&str, &str)] = &[
    (r#""ami_name": "ab""#, "the name of an image has 3 to 128 characters, and `ab` has 2"),
    (r#""ami_name": "a:bc""#, "the name of an image cannot have `:`"),
    (r#""kms_key_id": "alias/x""#, "a KMS key needs `encrypt_boot = true`"),
    (r#""encrypt_boot": true, "kms_key_id": "my key""#, "`my key` names no KMS key"),
    (r#""ami_users": "1111-1111-1111""#, "`1111-1111-1111` is no account of AWS"),
    (r#""encrypt_boot": true, "ami_users": "111111111111""#, "what the account's default KMS key encrypts"),
    (r#""encrypt_boot": true, "snapshot_users": "111111111111""#, "what the account's default KMS key encrypts"),
    (r#""encrypt_boot": true, "ami_groups": "all""#, "an encrypted image cannot be public"),
    (
        r#""encrypt_boot": true, "ami_users": "111111111111", "ami_regions": "eu-west-1", "region_kms_key_ids": { "eu-west-1": "" }"#,
        "what a region's default KMS key encrypts cannot be shared",
    ),
    (
        r#""encrypt_boot": true, "region_kms_key_ids": { "eu-west-1": "alias/x" }"#,
        "`region_kms_key_ids` names `eu-west-1`, which `ami_regions` lacks",
    ),
    (
        r#""encrypt_boot": true, "ami_regions": ["eu-west-1", "us-west-2"], "region_kms_key_ids": { "eu-west-1": "alias/x" }"#,
        "`region_kms_key_ids` has no key for `us-west-2`",
    ),
    (r#""skip_save_build_region": true"#, "`skip_save_build_region` keeps no image here"),
    (r#""snapshot_copy_duration_minutes": 20"#, "a copy cannot be asked for in 20 minutes"),
    (r#""deprecate_at": "tomorrow""#, "`tomorrow` is no moment"),
    (r#""deprecate_at": "2001-01-01T00:00:00Z""#, "`2001-01-01T00:00:00Z` has passed"),
    (r#""imds_support": "v1.0""#, "`imds_support` cannot be `v1.0`"),
    (r#""ami_virtualization_type": "pv""#, "`ami_virtualization_type` cannot be `pv`"),
    (r#""ami_groups": "everybody""#, "there is no group `everybody`"),
    (r#""ami_org_arns": "o-1""#, "`o-1` is no ARN"),
    (r#""tags": { "aws:x": "y" }"#, "tags that begin with `aws:` belong to AWS"),
    (r#""fast_launch": { "template_id": "lt-1", "template_name": "x" }"#, "`template_id` and `template_name` exclude"),
    (r#""fast_launch": { "template_version": 2 }"#, "`template_version` needs `template_id`"),
    (r#""fast_launch": { "template_name": "x", "template_version": -1 }"#, "the versions of a launch template begin"),
    (r#""fast_launch": { "max_parallel_launches": 5 }"#, "`max_parallel_launches` is at least 6"),
    (
        r#""fast_launch": { "region_launch_templates": [{ "region": "eu-west-1" }] }"#,
        "`fast_launch` has a template for `eu-west-1`, which gets no image",
    ),
    (
        r#""fast_launch": { "template_name": "x", "region_launch_templates": [{ "region": "us-east-1" }] }"#,
        "`fast_launch` has two templates for the region of the build",
    ),
    (r#""token": "t""#, "`token` belongs to an `access_key` and a `secret_key`"),
    (r#""mfa_code": "12345""#, "the code of a multi-factor device has six digits"),
    (r#""assume_role": { "session_name": "me" }"#, "`assume_role` names no `role_arn`"),
    (r#""assume_role": { "role_arn": "builder" }"#, "`builder` is no role's ARN"),
    (
        r#""assume_role": { "role_arn": "arn:aws:iam::123456789012:role/x", "duration_seconds": 60 }"#,
        "a role's session lasts 900 to 43200 seconds",
    ),
    (
        r#""assume_role": { "role_arn": "arn:aws:iam::123456789012:role/x", "transitive_tag_keys": "a" }"#,
        "`transitive_tag_keys` names `a`, which `tags` lacks",
    ),
];

/// The same of a block device.
const UNFIT_DEVICES: &[(&str, &str)] = &[
    (r#""volume_type": "gp4""#, "there are no volumes of the type `gp4`"),
    (r#""volume_type": "io1", "volume_size": 10, "iops": 501"#, "a `io1` volume of 10 GiB gives at most 500"),
    (r#""volume_type": "io2", "volume_size": 10, "iops": 5001"#, "a `io2` volume of 10 GiB gives at most 5000"),
    (r#""volume_type": "io1", "iops": 99"#, "`iops` of a `io1` volume lies between 100 and 64000"),
    (r#""volume_type": "io1""#, "a `io1` volume needs `iops`"),
    (r#""volume_type": "gp3", "iops": 2999"#, "`iops` of a `gp3` volume lies between 3000 and 16000"),
    (r#""volume_type": "gp3", "throughput": 1001"#, "`throughput` of a `gp3` volume lies between 125 and 1000"),
    (r#""volume_type": "gp2", "throughput": 125"#, "`throughput` is for volumes of the type `gp3`"),
    (r#""iops": 3000"#, "`iops` needs a `volume_type`"),
    (r#""volume_type": "st1", "volume_size": 100"#, "a `st1` volume has 125 to 16384 GiB"),
    (r#""encrypted": false, "kms_key_id": "alias/x""#, "`kms_key_id` encrypts the volume"),
    (r#""encrypted": true, "kms_key_id": "my key""#, "`my key` names no KMS key"),
    (r#""snapshot_id": "vol-1""#, "`vol-1` is no snapshot"),
    (r#""virtual_name": "ephemeral24""#, "there is no disk `ephemeral24`"),
];

#[test]
fn what_aws_would_refuse_is_refused_before() {
    let mut all: Vec<(String, &str)> = UNFIT.iter().map(|(options, words)| ((*options).to_owned(), *words)).collect();
    for option in ["ami_block_device_mappings", "launch_block_device_mappings"] {
        let device = |members: &str| format!(r#""{option}": [{{ "device_name": "/dev/sdf", {members} }}]"#);
        all.extend(UNFIT_DEVICES.iter().map(|(members, words)| (device(members), *words)));
        let twice = format!(r#""{option}": [{{ "device_name": "/dev/sdf" }}, {{ "device_name": "/dev/sdf" }}]"#);
        all.push((twice, "block_device_mappings` maps the device `/dev/sdf` twice"));
    }
    let long = format!(r#""tags": {{ "k": "{}" }}"#, "v".repeat(257));
    all.push((long, "the value of a tag has at most 256 characters"));
    let long = format!(r#""ami_description": "{}""#, "d".repeat(256));
    all.push((long, "the description of an image has at most 255 characters"));
    for (options, words) in all {
        // A name that is given again takes the place of the first.
        let text = match options.starts_with(r#""ami_name""#) {
            true => template("", "").replace(r#""ami_name": "image""#, &options),
            false => template(&format!(", {options}"), ""),
        };
        let found = wrong(&text);
        assert!(found.iter().any(|told| told.contains(words)), "{options}: {found:?}");
    }
}

#[test]
fn keys_are_those_of_their_regions() {
    let image = ebs(
        r#", "encrypt_boot": "true", "kms_key_id": "alias/own", "ami_regions": ["eu-west-1", "us-west-2", "us-east-1"],
           "region_kms_key_ids": { "eu-west-1": "mrk-1234abcd", "us-west-2": "", "us-east-1": "alias/named" }"#,
        "",
    )
    .image;
    let key = |region: &str| image.key_in(region, "us-east-1");
    assert_eq!(
        (key("eu-west-1"), key("us-west-2"), key("us-east-1")),
        (Some("mrk-1234abcd"), None, Some("alias/named"))
    );
    let image = ebs(r#", "encrypt_boot": true, "kms_key_id": "alias/own", "ami_regions": "eu-west-1""#, "").image;
    let key = |region: &str| image.key_in(region, "us-east-1");
    assert_eq!((key("us-east-1"), key("eu-west-1")), (Some("alias/own"), None));
    assert!(image.is_by_copy());
}

#[test]
fn waits_are_as_long_as_looks_are_many() {
    let polling = |options: &str, environment: &[(&str, &str)]| {
        let mut inputs = inputs();
        inputs.environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (builds, _) = read(&template(options, ""), &inputs).unwrap_or_else(|p| panic!("{p:?}"));
        let Some(Builder::Ebs(ebs)) = builds.into_iter().next().map(|b| b.builder) else { unreachable!() };
        let seconds = |span: Option<std::time::Duration>| span.map(|span| span.as_secs());
        (seconds(ebs.access.polling.pause), seconds(ebs.access.polling.patience))
    };
    let both = r#", "aws_polling": { "delay_seconds": 30, "max_attempts": 50 }"#;
    assert_eq!(polling("", &[]), (None, None));
    assert_eq!(polling(both, &[]), (Some(30), Some(1500)));
    assert_eq!(polling(r#", "aws_polling": { "max_attempts": 60 }"#, &[]), (None, Some(900)));
    let environment = [("AWS_MAX_ATTEMPTS", "10"), ("AWS_POLL_DELAY_SECONDS", "20")];
    assert_eq!(polling("", &environment), (Some(20), Some(200)));
    assert_eq!(polling(both, &environment), (Some(30), Some(1500)));
    assert_eq!(polling("", &[("AWS_TIMEOUT_SECONDS", "700")]), (None, Some(700)));
}

#[test]
fn one_limit_of_the_connection_alone_is_the_only_one() {
    let limits = |options: &str| {
        let ssh = ebs(options, "").ssh.expect("a connection");
        (ssh.timeout.as_secs(), ssh.handshake_attempts)
    };
    assert_eq!(limits(""), (300, 10));
    assert_eq!(limits(r#", "ssh_timeout": 0, "ssh_handshake_attempts": 0"#), (300, 10));
    assert_eq!(limits(r#", "ssh_timeout": "20m""#), (1200, 0));
    assert_eq!(limits(r#", "ssh_wait_timeout": "1m", "ssh_timeout": "20m""#), (60, 0));
    assert_eq!(limits(r#", "ssh_handshake_attempts": 50"#), (0, 50));
    assert_eq!(limits(r#", "ssh_handshake_attempts": 3, "ssh_timeout": "9s""#), (9, 3));
}

#[test]
fn user_data_is_encoded_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data");
    let of_file = |data: &[u8]| {
        std::fs::write(&file, data).expect("a file");
        ebs(&format!(r#", "user_data_file": {:?}"#, file.display().to_string()), "").launch.user_data
    };
    let of = |text: &str| ebs(&format!(r#", "user_data": {text:?}"#), "").launch.user_data;
    assert_eq!(of("#!/bin/sh").as_deref(), Some("IyEvYmluL3No"));
    assert_eq!(of("IyEvYmluL3No").as_deref(), Some("IyEvYmluL3No"));
    // In lines, as `base64` writes it.
    assert_eq!(of_file(b"IyEv\nYmlu\r\nL3No\n").as_deref(), Some("IyEvYmluL3No"));
    // Without its padding it is none.
    assert_eq!(of("IyEvYmluL3NoIA").as_deref(), Some("SXlFdlltbHVMM05vSUE="));
    assert_eq!(of_file(&[0x1f, 0x8b, 0x08, 0xff]).as_deref(), Some("H4sI/w=="), "compressed data is no text");
    assert_eq!(of_file(b""), None);
    let both = wrong(&template(r#", "user_data": "a", "user_data_file": "b""#, ""));
    assert!(both[0].starts_with("`user_data` and `user_data_file` exclude each other"), "{both:?}");
}

#[test]
fn tags_of_bakecs_own_are_refused() {
    for options in [
        r#", "run_tags": { "bakec:run": "x" }"#,
        r#", "tag": { "key": "bakec:run", "value": "x" }"#,
        r#", "snapshot_tags": { "bakec:run": "x" }"#,
        r#", "run_volume_tag": [{ "name": "bakec:run", "value": "x" }]"#,
    ] {
        let found = wrong(&template(options, ""));
        assert!(found[0].starts_with("the tag `bakec:run` is one of bakec's own | by tags"), "{found:?}");
    }
}

#[test]
fn a_key_pair_is_launched_with_also_where_nobody_connects_by_it() {
    for options in [r#""ssh_password": "word-of-pass""#, r#""communicator": "none""#] {
        let key = ebs(&format!(r#", "ssh_keypair_name": "ours", {options}"#), "").key;
        assert_eq!(key, Key::Known { name: "ours".to_owned() }, "{options}");
    }
    let alone = wrong(&template(r#", "ssh_keypair_name": "ours""#, ""));
    assert!(alone[0].starts_with("EC2 keeps no private keys"), "{alone:?}");
}

#[test]
fn a_step_that_the_builder_cannot_have_is_refused_at_its_block() {
    let read = |more: &str, steps: &str, rest: &str| {
        let builder =
            format!(r#"{{ "type": "null", "ssh_host": "h", "ssh_username": "u", "ssh_password": "p"{more} }}"#);
        let text = format!("{{ \"builders\": [{builder}],\n\"provisioners\": [\n{steps}]{rest} }}");
        let (document, problems) = crate::packer::read_placed(crate::text::FileId(0), "plan.json", &text);
        let document = document.unwrap_or_else(|| panic!("{problems:?}"));
        builds(&document, &inputs(), &Gate::default()).err().unwrap_or_default()
    };
    let none = r#", "communicator": "none""#;
    let here = r#"{ "type": "shell-local", "inline": "x" }, { "type": "breakpoint" }"#;
    assert_eq!(read(none, here, ""), []);
    let there = r#"{ "type": "shell-local", "inline": "x" },
        { "type": "shell", "inline": "x" }"#;
    assert_eq!(read("", there, ""), []);
    let found = read(none, there, "");
    let at = found.iter().map(|p| (p.message.as_str(), p.origin.as_ref().map(|o| o.line))).collect::<Vec<_>>();
    assert_eq!(at, [("`shell` needs a connection, and the builder has none", Some(4))]);
    assert!(found[0].help.as_deref().is_some_and(|help| help.contains("`communicator = \"ssh\"`")), "{found:?}");
    let cleanup = r#", "error-cleanup-provisioner": { "type": "file", "source": "a", "destination": "b" }"#;
    let found = read(none, here, cleanup);
    assert!(found.len() == 1 && found[0].message.starts_with("`file` needs a connection"), "{found:?}");

    // Ansible comes by a port that no file can name.
    let ansible = |more: &str| format!(r#"{{ "type": "ansible", "playbook_file": "p"{more} }}"#);
    let hosts = ansible(r#", "inventory_file": "hosts""#);
    let proxy = r#", "ssh_proxy_host": "proxy""#;
    assert_eq!(read("", &hosts, ""), []);
    assert_eq!(read(proxy, &ansible(r#", "inventory_directory": "dir""#), ""), []);
    let found = read(proxy, &hosts, "");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.ends_with("where a machine behind a proxy is") && found[0].origin.is_some(), "{found:?}");
}

#[test]
fn facts_that_nobody_gives_are_found_at_once() {
    let inline = |text: &str| {
        let steps = serde_json::json!([{ "type": "shell", "inline": [text] }]);
        template(
            r#", "tags": { "a": "{{.SourceAMI}} {{build `BuildRegion`}}" }"#,
            &format!(r#", "provisioners": {steps}"#),
        )
    };
    for fine in
        ["{{build `ID`}}", "{{build `PackerRunUUID`}} {{build `PackerHTTPAddr`}}", "{{split (build `Host`) `.` 3}}"]
    {
        assert!(read(&inline(fine), &inputs()).is_ok(), "{fine}");
    }
    let of = |text: &str| {
        let found = wrong(&inline(text));
        assert_eq!(found.len(), 1, "{found:?}");
        found.concat()
    };
    assert!(
        of("{{build `Hots`}}").ends_with("the build has no `Hots` | did you mean `Host`?"),
        "{}",
        of("{{build `Hots`}}")
    );
    assert!(of("{{.Pathh}}").contains("there is no field `.Pathh`"), "{}", of("{{.Pathh}}"));
    assert!(of("{{build `SSHPrivateKey`}}").starts_with("the fact `SSHPrivateKey` is not known to templates yet"));
    let own = r#", "provisioners": [{ "type": "shell", "inline": "x", "execute_command": "{{.Vars}} {{.Path}} {{build `ID`}}" }]"#;
    assert!(read(&template("", own), &inputs()).is_ok());
    let null = |fact: &str| {
        let steps = serde_json::json!([{ "type": "shell", "inline": [format!("{{{{build `{fact}`}}}}")] }]);
        format!(
            r#"{{ "builders": [{{ "type": "null", "ssh_host": "h", "ssh_username": "u", "ssh_password": "p" }}], "provisioners": {steps} }}"#
        )
    };
    for fact in ["Host", "Port", "User", "Password", "ConnType", "PackerRunUUID"] {
        assert!(read(&null(fact), &inputs()).is_ok(), "{fact}");
    }
    let machine = wrong(&null("SourceAMI"));
    assert_eq!(machine.len(), 1, "{machine:?}");
    let machine = &machine[0];
    assert!(machine.contains("the build has no `SourceAMI` | a build by `null` has `Host`"), "{machine}");
}

#[test]
fn other_builders_and_what_comes_after_are_refused() {
    let found = wrong(
        r#"{ "builders": [{ "type": "amazon-instance", "name": "a" }, { "type": "amazon-instance", "name": "b" },
             { "type": "docker", "name": "c" }], "post-processors": ["manifest", ["compress", "manifest"]] }"#,
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[2].starts_with("the post-processor `compress` is not executed yet"), "{found:?}");
    assert!(
        found[0]
            .starts_with("`bakec run` does not build instance-store images yet (in `a` and `b`) | an image on EBS is")
    );
    assert!(found[1].starts_with("the builder `docker` is not executed yet by `bakec run` (in `c`)"), "{found:?}");
    // Also where a variable has no value, which would be asked for in vain.
    let found = wrong(r#"{ "variables": { "x": null }, "builders": [{ "type": "docker", "image": "{{user `x`}}" }] }"#);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("the builder `docker` is not executed yet"), "{found:?}");
    let mut inputs = inputs();
    inputs.except_posts = vec!["compress".to_owned(), "manifest".to_owned()];
    let text = r#"{ "builders": [{ "type": "null", "communicator": "none" }], "post-processors": ["manifest", ["compress", "x"]] }"#;
    assert!(read(text, &inputs).is_ok());
}

#[test]
fn mistakes_are_found_before_anything_starts() {
    let found = wrong(
        r#"{ "builders": [{ "type": "amazon-ebs", "name": "web", "ssh_timeout": "5 minutes", "ebs_optimized": "yes",
             "ssh_port": 70000, "access_key": "a", "ssh_interface": "wlan0", "ami_users": [["x"], {}],
             "source_ami_filter": { "filters": { "name": "x" }, "ownres": "self" } }] }"#,
    );
    for wanted in [
        "no region is named",
        "`access_key` and `secret_key` go together",
        "`source_ami_filter` names no owner",
        "`source_ami_filter` has no option `ownres` | did you mean `owners`?",
        "`ssh_timeout` is no length of time: `5 minutes`",
        "`ssh_port` is no number that fits: `70000`",
        "`ami_users` is no text",
        "an image needs an `ami_name`",
        "a build needs an `instance_type`",
        "`ebs_optimized` is neither `true` nor `false`, but `yes`",
    ] {
        assert!(found.iter().any(|f| f.starts_with(wanted)), "{wanted}: {found:#?}");
    }
    // Of a connection that nobody knows no option says anything.
    let found = wrong(r#"{ "builders": [{ "type": "null", "communicator": "telnet", "ssh_timeout": "5 minutes" }] }"#);
    assert_eq!(found, ["there is no communicator `telnet` | the communicators are `ssh`, `winrm` and `none`"]);
}

#[test]
fn variables_settle_and_secrets_are_hidden() {
    let text = template(
        r#", "ami_description": "{{user `a`}} of {{.SourceAMI}}", "run_tags": { "t": "{{user `password` | upper}}" }, "ssh_password": "{{user `password`}}""#,
        r#", "variables": { "a": "{{user `b`}}!", "b": "{{env `B`}} {{user `c`}}", "c": "x", "password": "s3cret-word", "none": "" },
           "sensitive-variables": ["password"] // a comment
        "#,
    );
    let gate = Gate::default();
    let mut inputs = inputs();
    inputs.environment = [("B".to_owned(), "bee".to_owned())].into();
    inputs.vars = vec![("c".to_owned(), "sea".to_owned())];
    let (builds, _) = read_by(&text, &inputs, &gate).unwrap_or_else(|p| panic!("{p:?}"));
    assert_eq!(builds[0].values.users["a"], "bee sea!");
    assert_eq!(gate.pass("it is s3cret-word"), format!("it is {HIDDEN}"));
    assert!(!gate.pass("czNjcmV0LXdvcmQ=").contains("czNj"), "its base64 form is hidden too");
    let Builder::Ebs(ebs) = &builds[0].builder else { panic!() };
    assert!(matches!(ebs.key, Key::None), "a password makes no key pair");
    let circle = template("", r#", "variables": { "a": "{{user `b`}}", "b": "{{user `a`}}" }"#);
    assert!(wrong(&circle).iter().all(|w| w.contains("cannot be worked out") && w.contains("not in a circle")));
    let missing = template("", r#", "variables": { "needed": null }"#);
    assert!(wrong(&missing)[0].contains("`needed`"), "{:?}", wrong(&missing));
}

#[test]
fn steps_run_where_they_should_and_as_they_are_overridden() {
    let text = template(
        "",
        r#", "provisioners": [
            { "type": "shell", "inline": ["echo 1", "echo 2"], "environment_vars": "A=b=c", "override": { "web": { "inline": "exit 3", "valid_exit_codes": [3, "4"] } } },
            { "type": "shell", "only": ["other"], "script": "x.sh" },
            { "type": "file", "source": "a", "destination": "/tmp/{{build `Host`}}", "pause_before": "1s", "max_retries": "2" }
          ]"#,
    )
    .replace(r#"}] ,"#, r#"}, { "type": "null", "name": "other", "ssh_host": "h", "ssh_username": "u", "ssh_password": "p" }] ,"#);
    let (builds, _) = read(&text, &inputs()).unwrap_or_else(|p| panic!("{p:?}"));
    let Work::Shell(shell) = &builds[0].provisioners[0].work else { panic!() };
    assert_eq!(shell.scripts, [Script::Inline("#!/bin/sh -e\nexit 3\n".to_owned())]);
    assert_eq!(shell.valid_exit_codes, [3, 4]);
    assert_eq!(shell.environment, [("A".to_owned(), "b=c".to_owned())]);
    assert_eq!(builds[0].provisioners.len(), 2);
    assert_eq!(builds[1].provisioners.len(), 3);
    let Work::File(carry) = &builds[0].provisioners[1].work else { panic!() };
    assert_eq!((carry.destination.as_str(), builds[0].provisioners[1].max_retries), ("/tmp/{{build `Host`}}", 2));
}

#[test]
fn packers_defaults_come_back_where_they_are_asked_for() {
    let ours = ebs("", "");
    assert!(ours.network.cidrs.is_empty());
    assert!(matches!(ours.key, Key::Temporary { kind: None, .. }));
    let asked = Inputs { packer_defaults: true, force: true, ..inputs() };
    let (builds, _) = read(&template("", ""), &asked).unwrap_or_else(|p| panic!("{p:?}"));
    let Builder::Ebs(theirs) = &builds[0].builder else { panic!() };
    assert_eq!(theirs.network.cidrs, ["0.0.0.0/0"]);
    assert!(matches!(&theirs.key, Key::Temporary { kind: Some(kind), .. } if kind == "rsa"));
    assert!(theirs.image.force_deregister);
}

#[test]
fn lengths_of_time_are_those_of_go() {
    let time = |text: &str| options::go_duration(text).map(|t| t.as_nanos());
    for (text, wanted) in [
        ("1h", 3_600_000_000_000),
        ("1m30s", 90_000_000_000),
        ("1.5ms", 1_500_000),
        ("0", 0),
        ("-5s", 0),
        ("2us3ns", 2003),
    ] {
        assert_eq!(time(text), Some(wanted), "{text}");
    }
    for text in ["", "5", "s", "1d", "1 s", "1h-1m", "9e9h", "99999999999h", "é"] {
        assert_eq!(time(text), None, "{text}");
    }
}
