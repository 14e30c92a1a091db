//! Enhanced networking: attributes of the stopped machine, which the image has from it.
//!
//! Neighbours: `launch` has stopped it, `image` is made of it.

use aws_sdk_ec2::types::{AttributeBooleanValue, AttributeValue};
use serde::{Deserialize, Serialize};

use super::{Cx, Failure, Step};
use crate::run::aws::Repeat;
use crate::run::build::Launch;

/// Sets what drivers for the network the image says that it has. The instance has to be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enhance {
    /// The instance.
    pub id: String,
    /// Whether it knows the Elastic Network Adapter; unset: as its source image.
    pub ena: Option<bool>,
    /// Whether it knows the virtual functions of Intel's adapters. This cannot be taken back.
    pub sriov: bool,
}

impl Enhance {
    /// The step for an instance; none where it stays as it is.
    pub fn of(id: &str, launch: &Launch) -> Option<Enhance> {
        let step = Enhance { id: id.to_owned(), ena: launch.ena_support, sriov: launch.sriov_support };
        (step.ena.is_some() || step.sriov).then_some(step)
    }
}

impl Step for Enhance {
    const NAME: &'static str = "enhance";
    const AGAIN: bool = true;
    type Out = ();

    fn about(&self) -> String {
        let ena = match self.ena {
            Some(true) => Some("ENA"),
            Some(false) => Some("no ENA"),
            None => None,
        };
        let what: Vec<&str> = self.sriov.then_some("SR-IOV").into_iter().chain(ena).collect();
        format!("setting enhanced networking of {}: {}", self.id, what.join(", "))
    }

    fn told((): &()) -> String {
        "set".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        // EC2 takes one attribute at a time.
        let change = || cx.region.ec2.modify_instance_attribute().instance_id(&self.id);
        if self.sriov {
            let simple = AttributeValue::builder().value("simple").build();
            let ask = || change().sriov_net_support(simple.clone()).send();
            let done = cx.region.call("ModifyInstanceAttribute", Repeat::Always, ask).await;
            done.map_err(|error| error.failure("run::stop"))?;
        }
        if let Some(ena) = self.ena {
            let value = AttributeBooleanValue::builder().value(ena).build();
            let ask = || change().ena_support(value.clone()).send();
            let done = cx.region.call("ModifyInstanceAttribute", Repeat::Always, ask).await;
            done.map_err(|error| error.failure("run::stop"))?;
        }
        Ok(())
    }
}
