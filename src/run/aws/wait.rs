//! Waiting for many things with few calls: one loop for each region and kind asks for all ids at once, and hands out what it saw.
//!
//! Intervals grow while nothing changes and shrink when something new is waited for. A look filters on ids, so that one that is not
//! visible yet does not make the others fail. It knows how to look at things, not what is wanted of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aws_sdk_ec2::types::Filter;
use tokio::sync::watch;

use super::fault::CallError;
use super::{Region, Repeat};

/// By how much a pause grows while nothing changes, and by how much of itself it may be longer, so that runs do not beat in time.
const GROWTH: f64 = 1.5;
const JITTER: f64 = 0.1;

/// From this pause on a look is worth a second call that tells how far things are.
const SLOW: Duration = Duration::from_secs(20);

/// So many looks at least are made at a thing while one is patient.
const FEWEST: u64 = 8;

/// As many ids as one look may ask for.
const AT_ONCE: usize = 200;

/// An instance, as a look sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Instance {
    pub state: String,
    pub reason: Option<String>,
    /// EC2's word for the reason: `Server.SpotInstanceTermination`.
    pub reason_code: Option<String>,
    pub ipv6_address: Option<String>,
    pub public_address: Option<String>,
    pub private_address: Option<String>,
    pub public_name: Option<String>,
    pub private_name: Option<String>,
}

/// An image, as a look sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// `pending`, `available`, `failed`, …
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// How far its snapshots are, in percent; nothing where no look has told.
    pub progress: Option<u8>,
    /// Its snapshots.
    pub snapshots: Vec<String>,
}

/// Something that can be looked at together with others of its kind.
pub trait Seen: Clone + PartialEq + Send + Sync + Sized + 'static {
    /// The pause before the first look, in AWS's time.
    const FIRST: Duration;
    /// The longest pause between two looks.
    const LONGEST: Duration;
    /// All of the ids that can be seen; how far they are only where that is asked for.
    fn look(
        region: &Region,
        ids: &[String],
        progress: bool,
    ) -> impl Future<Output = Result<HashMap<String, Self>, CallError>> + Send;
    /// Whether it is as it was, however far it has come.
    fn is_still(&self, before: &Self) -> bool {
        self == before
    }
    /// The region's watch over such things.
    fn watch(region: &Region) -> &Watch<Self>;
}

/// What a look says to who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign<O> {
    /// It is as it was to be, or never will be.
    Done(O),
    /// It has moved: from now on one waits so long, in AWS's time.
    Moved(Duration),
    /// Nothing new.
    Still,
}

/// What is known of a thing that is waited for.
struct Sight<T> {
    /// Nothing before the first look.
    seen: Option<Result<Option<T>, CallError>>,
    /// How many looks have been answered.
    looks: u64,
    /// How often a look saw something else than the one before.
    news: u64,
}

/// All that is waited for, of one kind in one region.
pub struct Watch<T>(Mutex<Wanted<T>>);

struct Wanted<T> {
    ids: HashMap<String, watch::Sender<Sight<T>>>,
    /// Whether a loop is looking.
    looking: bool,
    /// Whether something new is waited for since the last look.
    fresh: bool,
}

impl<T> Default for Watch<T> {
    fn default() -> Self {
        Watch(Mutex::new(Wanted { ids: HashMap::new(), looking: false, fresh: false }))
    }
}

impl<T> Watch<T> {
    fn wanted(&self) -> std::sync::MutexGuard<'_, Wanted<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until `done` says what came of it; nothing where it has not moved for as long as one is patient, in AWS's time. `done` sees the
/// thing each time that it has changed, and nothing while it is invisible.
///
/// Only a look ends the wait: a machine that was busy or asleep, or a lost network, says nothing of what is waited for.
///
/// # Errors
/// A look that failed for good.
pub async fn until<T: Seen, O>(
    region: &Arc<Region>,
    id: &str,
    patience: Duration,
    mut done: impl FnMut(Option<&T>) -> Sign<O>,
) -> Result<Option<O>, CallError> {
    // Who says how far apart looks are says how many there are.
    let fewest = if region.polling.pause.is_some() { 1 } else { FEWEST };
    let deadline = |patience: Duration, looks: u64| (Instant::now() + region.local(patience), looks + fewest);
    let mut sights = join(region, id);
    let mut end = deadline(patience, sights.borrow().looks);
    let mut heard = None;
    loop {
        {
            let sight = sights.borrow_and_update();
            let sign = match &sight.seen {
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(seen)) if heard != Some(sight.news) => {
                    heard = Some(sight.news);
                    done(seen.as_ref())
                }
                _ => Sign::Still,
            };
            match sign {
                Sign::Done(outcome) => return Ok(Some(outcome)),
                Sign::Moved(patience) => end = deadline(patience, sight.looks),
                Sign::Still if Instant::now() >= end.0 && sight.looks >= end.1 => return Ok(None),
                Sign::Still => {}
            }
        }
        if sights.changed().await.is_err() {
            sights = join(region, id);
            (end.1, heard) = (sights.borrow().looks + fewest, None);
        }
    }
}

/// Takes part in the looks at a thing, and starts the loop where none runs.
fn join<T: Seen>(region: &Arc<Region>, id: &str) -> watch::Receiver<Sight<T>> {
    let mut wanted = T::watch(region).wanted();
    let receiver = match wanted.ids.get(id) {
        Some(sender) => {
            // Why a former look failed says nothing of the next one.
            sender.send_if_modified(|sight| matches!(sight.seen, Some(Err(_))) && sight.seen.take().is_some());
            sender.subscribe()
        }
        None => {
            let (sender, receiver) = watch::channel(Sight { seen: None, looks: 0, news: 0 });
            wanted.ids.insert(id.to_owned(), sender);
            receiver
        }
    };
    wanted.fresh = true;
    if !std::mem::replace(&mut wanted.looking, true) {
        tokio::spawn(keep_looking::<T>(Arc::downgrade(region)));
    }
    receiver
}

impl<T: Seen> Sight<T> {
    /// Takes in what a look saw. Whether it is more than further progress.
    fn take(&mut self, seen: Result<Option<T>, CallError>) -> bool {
        let is_still = match (&self.seen, &seen) {
            (Some(Ok(Some(old))), Ok(Some(new))) => new.is_still(old),
            (old, new) => old.as_ref() == Some(new),
        };
        self.news += u64::from(self.seen.as_ref() != Some(&seen));
        self.looks += u64::from(seen.is_ok());
        self.seen = Some(seen);
        !is_still
    }
}

/// Looks as long as somebody waits. Between two looks it holds nothing: a run that has ended need not wait for it.
async fn keep_looking<T: Seen>(region: Weak<Region>) {
    let mut pause = T::FIRST;
    loop {
        // Where the plan says how far apart looks are, they are so.
        let Some(time) = region.upgrade().map(|r| {
            pause = r.polling.pause.unwrap_or(pause);
            r.local(pause.mul_f64(1.0 + JITTER * rand::random::<f64>()))
        }) else {
            return;
        };
        tokio::time::sleep(time).await;
        let Some(region) = region.upgrade() else { return };
        let ids: Vec<String> = {
            let mut wanted = T::watch(&region).wanted();
            wanted.ids.retain(|_, sender| sender.receiver_count() > 0);
            if wanted.ids.is_empty() {
                wanted.looking = false;
                return;
            }
            if std::mem::take(&mut wanted.fresh) {
                pause = T::FIRST;
            }
            wanted.ids.keys().cloned().collect()
        };
        let mut changed = false;
        for some in ids.chunks(AT_ONCE) {
            let seen = T::look(&region, some, pause >= SLOW).await;
            let wanted = T::watch(&region).wanted();
            for id in some {
                let Some(sender) = wanted.ids.get(id) else { continue };
                let seen = seen.as_ref().map(|all| all.get(id).cloned()).map_err(Clone::clone);
                sender.send_modify(|sight| changed |= sight.take(seen));
            }
        }
        pause = if changed { T::FIRST } else { pause.mul_f64(GROWTH).min(T::LONGEST) };
    }
}

/// A filter on values.
pub fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

impl Seen for Instance {
    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(15);

    async fn look(region: &Region, ids: &[String], _: bool) -> Result<HashMap<String, Self>, CallError> {
        let ask = || region.ec2.describe_instances().filters(filter("instance-id", ids)).send();
        let answer = region.call("DescribeInstances", Repeat::Always, ask).await?;
        let found = answer.reservations().iter().flat_map(|r| r.instances());
        Ok(found.filter_map(|i| Some((i.instance_id()?.to_owned(), Instance::from(i)))).collect())
    }

    fn watch(region: &Region) -> &Watch<Self> {
        &region.instances
    }
}

impl Instance {
    /// Whether EC2 had no such machine to give after all.
    pub fn is_lacking(&self) -> bool {
        matches!(self.reason_code.as_deref(), Some("Server.InsufficientInstanceCapacity"))
    }

    /// Whether EC2 has taken it back to the spot market.
    pub fn is_interrupted(&self) -> bool {
        self.reason_code.as_deref().is_some_and(|code| code.starts_with("Server.SpotInstance"))
    }
}

impl From<&aws_sdk_ec2::types::Instance> for Instance {
    fn from(i: &aws_sdk_ec2::types::Instance) -> Self {
        let some = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        Instance {
            state: i.state().and_then(|s| s.name()).map_or_else(String::new, |n| n.as_str().to_owned()),
            reason: some(i.state_reason().and_then(|r| r.message())).or_else(|| some(i.state_transition_reason())),
            reason_code: some(i.state_reason().and_then(|r| r.code())),
            ipv6_address: some(i.ipv6_address()).or_else(|| {
                let all = i.network_interfaces().iter().flat_map(|n| n.ipv6_addresses());
                all.filter_map(|a| a.ipv6_address()).next().map(str::to_owned)
            }),
            public_address: some(i.public_ip_address()),
            private_address: some(i.private_ip_address()),
            public_name: some(i.public_dns_name()),
            private_name: some(i.private_dns_name()),
        }
    }
}

impl Seen for Image {
    const FIRST: Duration = Duration::from_secs(3);
    const LONGEST: Duration = Duration::from_secs(60);

    fn is_still(&self, before: &Self) -> bool {
        self.state == before.state
    }

    async fn look(region: &Region, ids: &[String], progress: bool) -> Result<HashMap<String, Self>, CallError> {
        let ask = || region.ec2.describe_images().filters(filter("image-id", ids)).send();
        let answer = region.call("DescribeImages", Repeat::Always, ask).await?;
        let mut seen: HashMap<String, Image> =
            answer.images().iter().filter_map(|i| Some((i.image_id()?.to_owned(), Image::from(i)))).collect();
        // How far pending ones are: their snapshots know.
        let pending = seen.values().filter(|i| progress && i.state == "pending");
        let pending: Vec<String> = pending.flat_map(|i| i.snapshots.iter().cloned()).collect();
        for some in pending.chunks(AT_ONCE) {
            let ask = || region.ec2.describe_snapshots().filters(filter("snapshot-id", some)).send();
            let answer = region.call("DescribeSnapshots", Repeat::Always, ask).await?;
            for snapshot in answer.snapshots() {
                let percent = snapshot.progress().and_then(|p| p.trim_end_matches('%').parse::<u8>().ok());
                let id = snapshot.snapshot_id().unwrap_or_default();
                if let Some(image) = seen.values_mut().find(|i| i.snapshots.iter().any(|s| s == id)) {
                    image.progress = Some(image.progress.unwrap_or(100).min(percent.unwrap_or(0)));
                }
            }
        }
        Ok(seen)
    }

    fn watch(region: &Region) -> &Watch<Self> {
        &region.images
    }
}

impl From<&aws_sdk_ec2::types::Image> for Image {
    fn from(i: &aws_sdk_ec2::types::Image) -> Self {
        let ids = i.block_device_mappings().iter().filter_map(|m| m.ebs().and_then(|e| e.snapshot_id()));
        Image {
            state: i.state().map_or_else(String::new, |s| s.as_str().to_owned()),
            reason: i.state_reason().and_then(|r| r.message()).map(str::to_owned),
            progress: None,
            snapshots: ids.map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::aws::Cloud;
    use crate::run::aws::fault::Fault;
    use crate::run::event::Events;
    use crate::run::secret::Gate;

    #[tokio::test]
    async fn a_pause_between_looks_holds_no_stream_open() {
        let (events, mut reader) = Events::new(Gate::default());
        let region = Cloud::of_nobody(&events).region("us-east-1");
        drop(events);
        let waits = until(&region, "i-1", Duration::ZERO, |_: Option<&Instance>| Sign::<()>::Still);
        // The loop begins, and nobody waits any more.
        assert!(tokio::time::timeout(Duration::from_millis(20), waits).await.is_err());
        drop(region);
        let end = tokio::time::timeout(Duration::from_millis(500), reader.recv()).await;
        assert!(matches!(end, Ok(None)), "{end:?}");
    }

    /// A thing that only tests look at.
    #[derive(Clone, Copy, PartialEq)]
    struct Thing(u8);

    static THINGS: std::sync::LazyLock<Watch<Thing>> = std::sync::LazyLock::new(Watch::default);

    impl Seen for Thing {
        const FIRST: Duration = Duration::from_secs(24 * 3600);
        const LONGEST: Duration = Self::FIRST;

        async fn look(_: &Region, _: &[String], _: bool) -> Result<HashMap<String, Self>, CallError> {
            Ok(HashMap::new())
        }

        fn watch(_: &Region) -> &Watch<Self> {
            &THINGS
        }
    }

    /// What a look at one of them sees.
    fn look(id: &str, seen: Result<Option<Thing>, CallError>) {
        let wanted = THINGS.wanted();
        let sender = wanted.ids.get(id).expect("it is waited for");
        sender.send_modify(|sight| _ = sight.take(seen));
    }

    fn region() -> Arc<Region> {
        let (events, _reader) = Events::new(Gate::default());
        Cloud::of_nobody(&events).region("us-east-1")
    }

    /// Whether a wait goes on, after it has had all the time to end.
    async fn goes_on<T>(wait: &mut (impl Future<Output = T> + Unpin)) -> bool {
        tokio::time::timeout(Duration::from_millis(20), wait).await.is_err()
    }

    #[tokio::test]
    async fn time_alone_ends_no_wait() {
        let region = region();
        let mut wait = Box::pin(until(&region, "t-1", Duration::ZERO, |_: Option<&Thing>| Sign::<()>::Still));
        assert!(goes_on(&mut wait).await, "nobody has looked");
        for _ in 1..FEWEST {
            look("t-1", Ok(Some(Thing(0))));
        }
        assert!(goes_on(&mut wait).await, "few have looked");
        look("t-1", Ok(Some(Thing(0))));
        assert!(matches!(wait.await, Ok(None)));
    }

    #[tokio::test]
    async fn looks_alone_end_no_wait_before_its_time() {
        let region = region();
        let hour = Duration::from_secs(3600);
        let done = |seen: Option<&Thing>| match seen {
            Some(Thing(1)) => Sign::Done("up"),
            _ => Sign::Still,
        };
        let mut wait = Box::pin(until(&region, "t-2", hour, done));
        assert!(goes_on(&mut wait).await);
        for _ in 0..FEWEST * 2 {
            look("t-2", Ok(None));
        }
        assert!(goes_on(&mut wait).await);
        look("t-2", Ok(Some(Thing(1))));
        assert!(matches!(wait.await, Ok(Some("up"))));
    }

    #[tokio::test]
    async fn what_moves_is_waited_for_anew() {
        let region = region();
        let done = |seen: Option<&Thing>| match seen {
            Some(_) => Sign::<()>::Moved(Duration::ZERO),
            None => Sign::Still,
        };
        let mut wait = Box::pin(until(&region, "t-3", Duration::ZERO, done));
        assert!(goes_on(&mut wait).await);
        for state in [0, 1] {
            for _ in 1..FEWEST {
                look("t-3", Ok(Some(Thing(state))));
                assert!(goes_on(&mut wait).await, "it is {state}");
            }
        }
        for _ in 0..2 {
            look("t-3", Ok(Some(Thing(1))));
        }
        assert!(matches!(wait.await, Ok(None)));
    }

    #[tokio::test]
    async fn a_look_that_fails_for_good_ends_a_wait_and_no_later_one() {
        let region = region();
        let still = |_: Option<&Thing>| Sign::<()>::Still;
        let mut wait = Box::pin(until(&region, "t-4", Duration::from_secs(3600), still));
        assert!(goes_on(&mut wait).await);
        let failure = CallError {
            fault: Fault::Denied,
            action: "DescribeInstances",
            region: "us-east-1".to_owned(),
            code: "UnauthorizedOperation".to_owned(),
            message: "You are not authorized.".to_owned(),
            reason: None,
            tried: false,
        };
        look("t-4", Err(failure));
        assert!(wait.await.is_err());
        let mut later = Box::pin(until(&region, "t-4", Duration::from_secs(3600), still));
        assert!(goes_on(&mut later).await);
    }
}
