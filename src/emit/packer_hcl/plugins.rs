//! Which plugin brings a kind. What Packer's core brings needs none.

use crate::schema::Category;

/// A plugin of Packer, and the kinds that it brings.
pub(super) struct Plugin {
    /// The name that `required_plugins` gives it. A kind is the name itself, or begins with it and a `-`.
    pub(super) name: &'static str,
    /// Where `packer init` finds it.
    pub(super) source: &'static str,
    /// The first version with all that bakec may write for it.
    pub(super) version: &'static str,
}

const fn plugin(name: &'static str, source: &'static str, version: &'static str) -> Plugin {
    Plugin { name, source, version }
}

/// A plugin of HashiCorp's, for which Packer's core once stood in: 1.0.0 has what the core had.
macro_rules! core {
    ($name:literal, $version:literal) => {
        plugin($name, concat!("github.com/hashicorp/", $name), $version)
    };
}

const PLUGINS: &[Plugin] = &[
    core!("alicloud", "1.0.0"),
    core!("amazon", "1.3.8"),
    core!("ansible", "1.1.0"),
    core!("azure", "1.0.0"),
    core!("chef", "1.0.0"),
    core!("cloudstack", "1.0.0"),
    core!("converge", "1.0.0"),
    plugin("digitalocean", "github.com/digitalocean/digitalocean", "1.0.4"),
    core!("docker", "1.0.0"),
    core!("googlecompute", "1.0.0"),
    plugin("goss", "github.com/YaleUniversity/goss", "3.1.0"),
    plugin("hcloud", "github.com/hetznercloud/hcloud", "1.0.5"),
    core!("hyperv", "1.0.0"),
    core!("inspec", "1.0.0"),
    plugin("linode", "github.com/linode/linode", "1.0.2"),
    core!("lxc", "1.0.0"),
    core!("lxd", "1.0.0"),
    core!("openstack", "1.0.0"),
    core!("oracle", "1.0.0"),
    plugin("parallels", "github.com/Parallels/parallels", "1.0.1"),
    core!("proxmox", "1.0.0"),
    core!("puppet", "1.0.0"),
    core!("qemu", "1.0.0"),
    core!("salt", "1.0.0"),
    plugin("scaleway", "github.com/scaleway/scaleway", "1.0.4"),
    core!("tencentcloud", "1.0.0"),
    core!("vagrant", "1.0.0"),
    core!("virtualbox", "1.0.0"),
    core!("vmware", "1.0.0"),
    core!("vsphere", "1.0.0"),
    core!("yandex", "1.0.0"),
];

/// What Packer's core brings.
const CORE: &[(Category, &[&str])] = &[
    (Category::Builder, &["file", "null"]),
    (
        Category::Provisioner,
        &[
            "breakpoint",
            "file",
            "hcp-sbom",
            "powershell",
            "shell",
            "shell-local",
            "sleep",
            "windows-restart",
            "windows-shell",
        ],
    ),
    (Category::Post, &["artifice", "checksum", "compress", "manifest", "shell-local"]),
];

/// What has to be there before Packer knows a kind.
pub(super) enum Origin {
    Core,
    Plugin(&'static Plugin),
    /// A kind of the program's own, of which only its options are known.
    Unknown,
}

/// Where a kind comes from.
pub(super) fn origin(category: Category, kind: &str) -> Origin {
    if CORE.iter().any(|(c, kinds)| *c == category && kinds.contains(&kind)) {
        return Origin::Core;
    }
    let brings =
        |plugin: &&Plugin| kind.strip_prefix(plugin.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    PLUGINS.iter().find(brings).map_or(Origin::Unknown, Origin::Plugin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_from_where_they_are_looked_for() {
        let name = |category, kind: &str| match origin(category, kind) {
            Origin::Core => "core",
            Origin::Plugin(plugin) => plugin.name,
            Origin::Unknown => "unknown",
        };
        assert_eq!(name(Category::Builder, "amazon-ebssurrogate"), "amazon");
        assert_eq!(name(Category::Post, "amazon-import"), "amazon");
        assert_eq!(name(Category::Builder, "docker"), "docker");
        assert_eq!(name(Category::Post, "docker-tag"), "docker");
        assert_eq!(name(Category::Provisioner, "ansible-local"), "ansible");
        assert_eq!(name(Category::Provisioner, "salt-masterless"), "salt");
        assert_eq!(name(Category::Builder, "null"), "core");
        assert_eq!(name(Category::Builder, "shell"), "unknown");
        assert_eq!(name(Category::Builder, "dockerish"), "unknown");
    }

    #[test]
    fn plugins_are_sorted_and_found_by_their_own_name() {
        assert!(PLUGINS.is_sorted_by_key(|p| p.name));
        for plugin in PLUGINS {
            assert!(matches!(origin(Category::Builder, plugin.name), Origin::Plugin(p) if p.name == plugin.name));
        }
    }
}
