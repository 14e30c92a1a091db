//! Whole programs without a mistake, over the kinds of the prelude.

use crate::diagnostic::Problems;
use crate::facts::Facts;
use crate::load::{Memory, load};
use crate::resolve::resolve;
use crate::ty::Ty;

const OFFICIAL: &str = r#"
param version: Version = "2.6.3"
param public: bool = false
variable aws_account_id: account_id
variable signing_cert: path
variable signing_key: path
variable launch_size: instance_type = "m3.medium"
secret   aws_secret_key = env("AWS_SECRET_ACCESS_KEY")

type Version = string matches /^\d+\.\d+\.\d+$/
type Virt = "pv" | "hvm"

table upstream key (region, release) {
    | region: region | release: string | pv: ami_id?  | hvm: ami_id  | ebs: ami_id  |
    | us-east-1      | 1204            | ami-2aa0ba42 | ami-0aa8b262 | ami-34cc7a5c |
    | eu-central-1   | 1404            | -            | ami-b6eed7ab | ami-accff2b1 |
}

fn virtualization(virt: Virt) -> "paravirtual" | "hvm" = match virt {
    "pv"  => "paravirtual"
    "hvm" => "hvm"
}

let defaults = {
    ssh_username  = "ubuntu"
    instance_type = launch_size
    tags          = { Release = version }
}

group hardening(virt: Virt) {
    provision shell { script = "harden.sh" }
    provision shell when virt == "hvm" { inline = ["sudo update-grub"] }
}

image official {
    matrix {
        axis { region, release } in upstream
        axis virt    in ["pv", "hvm"]
        axis storage in ["ebs", "instance"]
        let source = if storage == "ebs" then upstream[region, release].ebs else upstream[region, release][virt]
        exclude when source == null                    because "Ubuntu ships no such image"
        exclude when storage == "ebs" && virt == "pv"  because "we publish HVM only on EBS"
    }

    name = "${region}-${release}-${virt}${if storage == "ebs" then "-ebs" else ""}"

    builder amazon-instance when storage == "instance" {
        ...defaults
        region                  = region
        source_ami              = source
        ami_name                = "DataStax Auto-Clustering AMI ${version}-${release}-${virt}"
        ami_virtualization_type = virtualization(virt)
        ami_groups              = if public then ["all"] else []
        account_id              = aws_account_id
        x509_cert_path          = signing_cert
        x509_key_path           = signing_key
        s3_bucket               = "comboami-${replace(version, ".", "-")}-${region}/{{timestamp}}-${release}-${virt}"
        bundle_vol_command      = 'sudo -n ec2-bundle-vol -k {{.KeyPath}} -u {{.AccountId}} -c {{.CertPath}} --batch'
    }

    builder amazon-ebs when storage == "ebs" {
        ...defaults
        region     = region
        source_ami = source
        ami_name   = "combo test ${release} {{timestamp}}"
        tags       = { ...defaults.tags, Built = "{{isotime \"2006-01-02\"}}" }
    }

    use hardening(virt)
    provision shell {
        script           = "provision.sh"
        environment_vars = { COMBOAMI_VERSION = version }
    }
    test shell "cassandra answers" { inline = ["nodetool status"] }
}

image app {
    matrix { axis region in ["us-east-1"] }
    builder amazon-ebs {
        ...defaults
        region     = region
        source_ami = official[region = region, release = "1204", virt = "hvm", storage = "ebs"]
        ami_name   = "app {{timestamp}}"
    }
}

policy naming for build in builds {
    require build.options.ami_name matches /^[A-Za-z0-9 ._-]+$/, "an AMI name is letters, digits and . _ -"
    require "Release" in build.options.tags ?? {},               "every AMI carries a Release tag"
}

output "ami_ids.json" = { for b in official: b.name = b.ami }
"#;

#[test]
fn the_example_of_the_language_has_no_mistake() {
    let mut problems = Problems::new();
    let loaded = load(&Memory::of([("main.bake", OFFICIAL)]), "main.bake", &mut problems);
    let program = resolve(&loaded, &mut problems);
    let checked = super::super::check(program, Some(Facts::builtin()), &mut problems);
    let shown: Vec<_> = problems.into_sorted().into_iter().map(|d| (d.code, d.message)).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    assert_eq!(checked.params[1], Ty::Bool);
    assert_eq!(checked.variables[3].to_string(), "instance_type");
    assert_eq!(
        checked.columns[0].iter().map(Ty::to_string).collect::<Vec<_>>().join("; "),
        "region; string; \"pv\" | \"hvm\"; \"ebs\" | \"instance\"; ami_id?"
    );
    assert_eq!(checked.function_results[0].to_string(), "\"paravirtual\" | \"hvm\"");
}

#[test]
fn the_rules_of_the_whole_prelude_have_no_mistake() {
    let categories = [
        ("builder", crate::syntax::ast::ExternKind::Builder),
        ("provision", crate::syntax::ast::ExternKind::Provisioner),
        ("post", crate::syntax::ast::ExternKind::Post),
    ];
    // A map may bring whatever is required, so that only the schema's own mistakes are left.
    let mut source = String::from("param any: map<string> = {}\nimage i {\n");
    for (word, category) in categories {
        for name in crate::load::prelude::names(category) {
            source.push_str(&format!("{word} {name} {{ ...any }}\n"));
        }
    }
    source.push('}');
    let mut problems = Problems::new();
    let loaded = load(&Memory::of([("main.bake", &source)]), "main.bake", &mut problems);
    let program = resolve(&loaded, &mut problems);
    assert!(program.kinds.len() > 5);
    super::super::check(program, Some(Facts::builtin()), &mut problems);
    let shown: Vec<_> = problems
        .into_sorted()
        .into_iter()
        .map(|d| (d.code, d.message, loaded.sources.slice(d.labels[0].span).to_owned()))
        .collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn types_that_repeat_themselves_do_not_keep_the_checker() {
    let mut doubling = String::from("let a0 = { x = 1 }\n");
    for n in 1..40 {
        doubling.push_str(&format!("let a{n} = {{ x = a{0}, y = a{0} }}\n", n - 1));
    }
    let texts: Vec<String> = (0..2_000).map(|n| format!("\"v{n}\"")).collect();
    let long = format!("let l = [{}]\nlet x: [string] = l\nlet y = [for t in l: t == \"w\"]", texts.join(", "));
    for source in [doubling, long] {
        // Without the bounds this takes minutes and gigabytes.
        super::fine(&source);
    }
}
