//! What exists now, for people and tests: everything that was made and would cost or count, in all regions.
//!
//! Terminated instances, the default network and public images are left out.

use serde_json::{Value, json};

use super::tags::TagMap;
use super::{ACCOUNT, Region, World};

impl World {
    /// One list a kind, each thing with its region.
    pub(crate) fn inventory(&self) -> Value {
        let tags = |region: &Region, id: &str| -> TagMap {
            region.tags.get(id).map(|tags| tags.now.clone()).unwrap_or_default()
        };
        let (mut instances, mut images, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());
        let (mut templates, mut fleets) = (Vec::new(), Vec::new());
        let (mut volumes, mut keys, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for r in self.regions() {
            for i in r.instances.values().filter(|i| i.alive()) {
                instances.push(json!({
                    "region": r.name, "id": i.id, "state": i.state.name(), "image": i.image, "type": i.kind,
                    "key_name": i.key, "security_groups": i.groups, "client_token": i.token, "spot": i.spot, "tags": tags(r, &i.id),
                }));
            }
            for i in r.images.values().filter(|i| i.owner == ACCOUNT) {
                images.push(json!({
                    "region": r.name, "id": i.id, "name": i.name, "state": i.state(), "architecture": i.architecture,
                    "virtualization": i.virtualization, "root_device": i.root_kind, "public": i.public, "users": i.users,
                    "ena": i.ena, "sriov": i.sriov,
                    "description": i.description, "snapshots": i.snapshots().collect::<Vec<_>>(),
                    "source_instance": i.source_instance, "source_image": i.source_image.as_ref().map(|s| &s.0),
                    "deprecated": i.deprecated, "protection": i.protection(self.now()), "imds": i.imds,
                    "product_codes": i.product_codes, "organizations": i.organizations, "units": i.units,
                    "fast_launch": i.fast_launch.as_ref().map(|fast| fast.state()), "tags": tags(r, &i.id),
                }));
            }
            for s in r.snapshots.values().filter(|s| s.owner == ACCOUNT) {
                snapshots.push(json!({
                    "region": r.name, "id": s.id, "state": s.state(), "size": s.size, "volume": s.volume,
                    "description": s.description, "encrypted": s.encrypted, "kms_key": s.kms_key, "public": s.public, "users": s.users,
                    "image": s.user(r), "tags": tags(r, &s.id),
                }));
            }
            for v in r.volumes.values() {
                volumes.push(json!({
                    "region": r.name, "id": v.id, "state": v.state(), "size": v.ebs.size, "type": v.ebs.kind,
                    "instance": v.attached.as_ref().map(|a| &a.instance), "tags": tags(r, &v.id),
                }));
            }
            for k in r.keys.values() {
                keys.push(json!({
                    "region": r.name, "id": k.id, "name": k.name, "type": k.kind, "tags": tags(r, &k.id),
                }));
            }
            for t in r.templates.values() {
                templates.push(json!({ "region": r.name, "id": t.id, "name": t.name, "tags": tags(r, &t.id) }));
            }
            // One that has launched nothing is nothing.
            for f in r.fleets.values().filter(|f| !f.is_deleted && !f.instances.is_empty()) {
                fleets.push(json!({ "region": r.name, "id": f.id, "instances": f.instances, "tags": tags(r, &f.id) }));
            }
            for g in r.groups.values().filter(|g| g.name != "default") {
                groups.push(json!({
                    "region": r.name, "id": g.id, "name": g.name, "rules": g.ingress.len(), "tags": tags(r, &g.id),
                }));
            }
        }
        json!({
            "instances": instances, "images": images, "snapshots": snapshots, "volumes": volumes, "key_pairs": keys,
            "security_groups": groups, "launch_templates": templates, "fleets": fleets,
            "roles": self.iam.roles.values().map(|r| json!({
                "id": r.name, "path": r.path, "policies": r.policies, "tags": r.tags,
            })).collect::<Vec<_>>(),
            "instance_profiles": self.iam.profiles.values().map(|p| json!({
                "id": p.name, "path": p.path, "role": p.role.as_ref().map(|(role, _)| role), "tags": p.tags,
            })).collect::<Vec<_>>(),
        })
    }
}
