//! Old names are mended as `packer fix` of Packer 1.6.6 mends them, in the same order.
//!
//! A fixer works on the JSON, so that everything keeps its place. What the schema knows as renamed is mended later, by the back
//! half: these are the mendings that need more than a name, or that concern kinds which bakec does not know.

mod amazon;
mod others;
mod posts;

use crate::json::{Key, Kind, Node};

/// Mends a template in place.
pub(super) fn mend(root: &mut Node) {
    each(root, "builders", &mut |builder| {
        let kind = builder.get("type").and_then(Node::text).unwrap_or_default().to_owned();
        let kind = others::builder(builder, &kind);
        amazon::builder(builder, &kind);
        others::late(builder, &kind);
    });
    each(root, "provisioners", &mut posts::provisioner);
    if let Some(members) = members(root)
        && let Some((_, list)) = members.iter_mut().find(|(key, _)| key.name == "post-processors")
        && let Kind::List(entries) = &mut list.kind
    {
        for entry in entries {
            match &mut entry.kind {
                Kind::List(chain) => chain.iter_mut().for_each(posts::post),
                _ => posts::post(entry),
            }
        }
    }
}

/// The names that a kind of builder had before.
pub(super) fn former_kinds(kind: &str) -> impl Iterator<Item = &'static str> {
    others::RENAMED.iter().filter(move |(_, new)| *new == kind).map(|(old, _)| *old)
}

fn each(root: &mut Node, section: &str, mend: &mut dyn FnMut(&mut Node)) {
    let Some(members) = members(root) else { return };
    let list = members.iter_mut().find(|(key, _)| key.name == section);
    if let Some(Kind::List(nodes)) = list.map(|(_, node)| &mut node.kind) {
        nodes.iter_mut().filter(|n| n.record().is_some()).for_each(mend);
    }
}

fn members(node: &mut Node) -> Option<&mut Vec<(Key, Node)>> {
    match &mut node.kind {
        Kind::Record(members) => Some(members),
        _ => None,
    }
}

/// Takes a key out.
fn remove(node: &mut Node, name: &str) -> Option<(Key, Node)> {
    let members = members(node)?;
    let at = members.iter().position(|(key, _)| key.name == name)?;
    Some(members.remove(at))
}

/// Puts a value under a key, in place of what is there; the key stands where `place` stood.
fn put(node: &mut Node, name: &str, place: Key, value: Node) {
    let Some(members) = members(node) else { return };
    match members.iter_mut().find(|(key, _)| key.name == name) {
        Some((_, old)) => *old = value,
        None => {
            // In the order of the text.
            let at = members.iter().position(|(key, _)| key.span.start > place.span.start).unwrap_or(members.len());
            members.insert(at, (Key { name: name.to_owned(), span: place.span }, value));
        }
    }
}

/// Renames a key; where the new one is there too, the old one has the last word.
fn carry(node: &mut Node, old: &str, new: &str) {
    if let Some((key, value)) = remove(node, old) {
        put(node, new, key, value);
    }
}

/// Renames a key; where the new one is there, the old one goes.
fn rename(node: &mut Node, old: &str, new: &str) {
    if let Some((key, value)) = remove(node, old)
        && node.get(new).is_none()
    {
        put(node, new, key, value);
    }
}

fn text_node(text: impl Into<String>, like: &Node) -> Node {
    Node { kind: Kind::Text(text.into()), span: like.span }
}

fn list_node(nodes: Vec<Node>, like: &Node) -> Node {
    Node { kind: Kind::List(nodes), span: like.span }
}

/// A truth value, also one that is written as a text, as Go reads them.
fn truth(node: &Node) -> Option<bool> {
    match &node.kind {
        Kind::Bool(bool) => Some(*bool),
        Kind::Text(text) => go_bool(text),
        _ => None,
    }
}

/// Go's way to read a truth value.
pub(in crate::import) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Calls `change` with every text in a value.
fn each_text(node: &mut Node, change: &dyn Fn(&mut String)) {
    match &mut node.kind {
        Kind::Text(text) => change(text),
        Kind::List(nodes) => nodes.iter_mut().for_each(|n| each_text(n, change)),
        Kind::Record(members) => members.iter_mut().for_each(|(_, n)| each_text(n, change)),
        _ => {}
    }
}

/// The text with every call of a field or function replaced where `{{` and blanks stand before it.
fn replaced_calls(text: &str, old: &str, new: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut inside = false;
    for (at, _) in text.match_indices(old) {
        let before = &text[done..at];
        let behind = &text[at + old.len()..];
        inside = match (before.rfind("{{"), before.rfind("}}")) {
            (Some(open), Some(close)) => open > close,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => inside,
        };
        let whole = !text[..at].ends_with(|c| word(c) || c == '.') && !behind.starts_with(word);
        out.push_str(before);
        out.push_str(if whole && inside { new } else { old });
        done = at + old.len();
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn mended(section: &str, block: &str) -> String {
        let text = format!(r#"{{ "{section}": [{block}] }}"#);
        let mut root = crate::json::parse(FileId(0), &text).value.expect("a template");
        mend(&mut root);
        let block = root.get(section).and_then(Node::list).and_then(<[Node]>::first).expect("a block");
        block.plain().to_string().replace('"', "'")
    }

    /// Each as `packer fix` of 1.6.6 prints it, but for the order.
    #[test]
    fn each_builder_is_what_packer_fix_makes_of_it() {
        for (before, after) in [
            ("'type':'x','iso_md5':'a'", "'type':'x','iso_checksum':'md5:a'"),
            (
                "'type':'x','ami_name':'{{ .CreateTime }} .CreateTime'",
                "'type':'x','ami_name':'{{ timestamp }} .CreateTime'",
            ),
            (
                "'type':'virtualbox','guest_additions_attach':true",
                "'type':'virtualbox-iso','guest_additions_mode':'attach'",
            ),
            (
                "'type':'virtualbox','guest_additions_attach':false",
                "'type':'virtualbox-iso','guest_additions_mode':'upload'",
            ),
            ("'type':'vmware'", "'type':'vmware-iso'"),
            ("'type':'proxmox'", "'type':'proxmox-iso'"),
            ("'type':'parallels-iso','headless':true,'parallels_tools_host_path':'a'", "'type':'parallels-iso'"),
            (
                "'type':'parallels-pvm','guest_os_distribution':'a','guest_os_type':'b'",
                "'type':'parallels-pvm','guest_os_type':'a'",
            ),
            ("'type':'x','ssh_key_path':'a','ssh_private_key_file':'b'", "'type':'x','ssh_private_key_file':'b'"),
            ("'type':'x','ssh_disable_agent':true", "'type':'x','ssh_disable_agent_forwarding':true"),
            ("'type':'scaleway','access_key':'a'", "'type':'scaleway','organization_id':'a'"),
            (
                "'type':'amazon-ebs','shutdown_behaviour':'a','shutdown_behavior':'b'",
                "'type':'amazon-ebs','shutdown_behavior':'a'",
            ),
            ("'type':'amazon-ebs','enhanced_networking':true", "'type':'amazon-ebs','ena_support':true"),
            ("'type':'amazon-ebs','ssh_private_ip':'false'", "'type':'amazon-ebs','ssh_interface':'public_ip'"),
            (
                "'type':'amazon-ebs','temporary_security_group_source_cidr':'a'",
                "'type':'amazon-ebs','temporary_security_group_source_cidrs':['a']",
            ),
            ("'type':'amazon-ebs','spot_price_auto_product':'a'", "'type':'amazon-ebs'"),
            ("'type':'docker','login_email':'a'", "'type':'docker'"),
            (
                "'type':'vmware-iso','remote_type':'esx5'",
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'zeroedthick','skip_compaction':true",
            ),
            (
                "'type':'vmware','remote_type':'esx5','disk_type_id':'2','skip_compaction':false",
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'2','skip_compaction':true",
            ),
            (
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'thin'",
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'thin'",
            ),
            (
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'2','skip_compaction':'false'",
                "'type':'vmware-iso','remote_type':'esx5','disk_type_id':'2','skip_compaction':'false'",
            ),
            ("'type':'vmware-iso','disk_type_id':'2'", "'type':'vmware-iso','disk_type_id':'2'"),
            ("'type':'vmware-vmx','remote_type':'esx5'", "'type':'vmware-vmx','remote_type':'esx5'"),
            ("'type':'hyperv-iso','vhd_temp_path':'a','cpu':1,'cpus':2", "'type':'hyperv-iso','cpus':1"),
            (
                "'type':'hyperv-vmcx','clone_from_vmxc_path':'a','ram_size':2",
                "'type':'hyperv-vmcx','clone_from_vmcx_path':'a','memory':2",
            ),
            ("'type':'x','a':['{{clean_ami_name `b`}}']", "'type':'x','a':['{{clean_resource_name `b`}}']"),
            ("'type':'x','a':'{{ `b` | clean_image_name }}'", "'type':'x','a':'{{ `b` | clean_resource_name }}'"),
            ("'type':'qemu','disk_size':10.5", "'type':'qemu','disk_size':'10M'"),
            ("'type':'qemu','disk_size':'10'", "'type':'qemu','disk_size':'10'"),
            ("'type':'qemu','ssh_host_port_min':1,'host_port_min':2", "'type':'qemu','host_port_min':1"),
            (
                "'type':'virtualbox-ovf','ssh_skip_nat_mapping':true,'ssh_host_port_max':1",
                "'type':'virtualbox-ovf','skip_nat_mapping':true,'host_port_max':1",
            ),
            ("'type':'x','ssh_wait_timeout':'a','ssh_timeout':'b'", "'type':'x','ssh_timeout':'b'"),
            (
                "'type':'vsphere-iso','disk_size':1,'storage':[{'disk_size':2}],'network':'a','networkCard':'b'",
                "'type':'vsphere-iso','storage':[{'disk_size':1},{'disk_size':2}],'network_adapters':[{'network':'a','network_card':'b'}]",
            ),
            ("'type':'x','iso_checksum_type':'sha1','iso_checksum':'a'", "'type':'x','iso_checksum':'sha1:a'"),
            ("'type':'x','iso_checksum_type':'','iso_checksum':'a'", "'type':'x','iso_checksum':'a'"),
            ("'type':'x','iso_checksum_type':'a','iso_checksum_url':'b'", "'type':'x','iso_checksum':'file:b'"),
            (
                "'type':'x','iso_checksum_type':'a','iso_checksum_url':'','iso_checksum':'c'",
                "'type':'x','iso_checksum':'a:c'",
            ),
        ] {
            let block = format!("{{{}}}", before.replace('\'', "\""));
            assert_eq!(mended("builders", &block), format!("{{{after}}}"), "{before}");
        }
    }

    #[test]
    fn what_packer_fix_gets_wrong_is_what_was_meant() {
        for (before, after) in [
            ("'type':'x','iso_checksum_type':'none','iso_checksum':'a'", "'type':'x','iso_checksum':'none'"),
            ("'type':'x','iso_checksum_type':'None'", "'type':'x','iso_checksum':'none'"),
            (
                "'type':'azure-arm','shared_image_gallery_destination':{'exlude_from_latest':true}",
                "'type':'azure-arm','shared_image_gallery_destination':{'exclude_from_latest':true}",
            ),
        ] {
            let block = format!("{{{}}}", before.replace('\'', "\""));
            assert_eq!(mended("builders", &block), format!("{{{after}}}"), "{before}");
        }
    }

    #[test]
    fn steps_are_what_packer_fix_makes_of_them() {
        for (section, before, after) in [
            (
                "provisioners",
                r#"{"type":"powershell","environment_vars":["A=`$x`\"y"],"elevated_user":"``b"}"#,
                "{'type':'powershell','environment_vars':['A=$x\\'y'],'elevated_user':'`b'}",
            ),
            (
                "provisioners",
                r#"{"type":"ansible-local","galaxycommand":"a"}"#,
                "{'type':'ansible-local','galaxy_command':'a'}",
            ),
            (
                "provisioners",
                r#"{"type":"x","override":{"virtualbox":{"a":1}}}"#,
                "{'type':'x','override':{'virtualbox-iso':{'a':1}}}",
            ),
            (
                "post-processors",
                r#"{"type":"manifest","filename":"a","output":"b"}"#,
                "{'type':'manifest','output':'a'}",
            ),
            ("post-processors", r#"[{"type":"docker-push","login_email":"a"}]"#, "[{'type':'docker-push'}]"),
            (
                "post-processors",
                r#"{"type":"docker-tag","tag":"a,b","tags":["c"]}"#,
                "{'type':'docker-tag','tags':['a','b','c']}",
            ),
            (
                "post-processors",
                r#"{"type":"vagrant","aws":{"a":1},"override":{"b":{}}}"#,
                "{'type':'vagrant','override':{'b':{},'aws':{'a':1}}}",
            ),
        ] {
            assert_eq!(mended(section, before), after);
        }
    }
}
