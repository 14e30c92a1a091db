//! A synthetic program of any size: regions by releases by flavors, with the options that a real builder has.
//!
//! Some options are the same in every build, some depend on one axis and a few on all, as in programs that people write.

const REGIONS: [&str; 10] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
    "ca-central-1",
    "eu-north-1",
];

/// How many values each axis has.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) regions: usize,
    pub(crate) releases: usize,
    pub(crate) flavors: usize,
}

impl Size {
    pub(crate) fn builds(self) -> usize {
        self.regions * self.releases * self.flavors
    }

    fn axes(self) -> String {
        let regions: Vec<String> = REGIONS.iter().take(self.regions).map(|r| format!("{r:?}")).collect();
        format!(
            r#"    matrix {{
        axis region  in [{}]
        axis release in [for i in range({}): "r${{i}}"]
        axis flavor  in [for i in range({}): "f${{i}}"]
    }}
    name = "${{region}}-${{release}}-${{flavor}}"
"#,
            regions.join(", "),
            self.releases,
            self.flavors
        )
    }
}

/// Builds of EBS images with a provisioner.
pub(crate) fn ebs(size: Size) -> String {
    let body = r##"    builder amazon-ebs {
        region = region
        source_ami = "ami-0123456789abcdef0"
        instance_type = "m5.large"
        ssh_username = "ubuntu"
        ssh_timeout = 10m
        ami_name = "big ${version} ${release} ${flavor}"
        ami_description = "The ${release} image in flavor ${flavor}, built at {{isotime}}"
        ami_groups = if flavor == "f0" then ["all"] else []
        ebs_optimized = true
        ena_support = true
        encrypt_boot = false
        launch_block_device_mappings = [
            { device_name = "/dev/sda1", volume_size = 20GiB, volume_type = "gp2", delete_on_termination = true }
        ]
        tags = { Release = release, Flavor = flavor, Version = version, Built = "{{timestamp}}" }
        run_tags = { Name = "bake ${release}" }
        user_data = "#!/bin/sh\necho ${region}"
    }
    provision shell {
        inline = ["echo ${release}", "echo done"]
        environment_vars = { RELEASE = release }
    }
"##;
    format!("param version: string = \"2.6.3\"\nimage big {{\n{}{body}}}\n", size.axes())
}

/// The same matrix over a builder that asks for almost nothing: what is left is the matrix.
pub(crate) fn bare(size: Size) -> String {
    format!("image big {{\n{}    builder null {{\n        communicator = \"none\"\n    }}\n}}\n", size.axes())
}
