//! Programs of one image, as the tests of the executor make them.
//!
//! It knows the texts, not who builds them.

/// The regions of an image with `COPIES`.
pub(crate) const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];

pub(crate) const COPIES: &str = r#"ami_regions = ["eu-west-1", "us-west-2"]"#;
pub(crate) const USERS: &str = r#"ami_users = ["123456789012"]"#;
pub(crate) const SHELL: &str = r#"provision shell { inline = ["echo hello"] }"#;

/// A program of an image: what its builder has beside what every builder needs, and what is done on the machine.
pub(crate) fn image(name: &str, options: &str, steps: &str) -> String {
    format!(
        r#"image {name} {{
    builder amazon-ebs {{
        region        = "us-east-1"
        source_ami    = "ami-d05e75b8"
        instance_type = "m3.medium"
        ssh_username  = "ubuntu"
        {options}
    }}
    {steps}
}}
"#
    )
}
