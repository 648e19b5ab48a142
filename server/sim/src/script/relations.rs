//! People who block each other, and no longer, as the main app tells it by webhooks.

use std::time::Duration;

use caffis_core::model::delivery::Delivery;
use caffis_schema::{
    UserId,
    hooks::{HookEvent, relationships::Relationship, values::Version},
};
use tokio::time::{sleep, timeout};

use super::Life;
use crate::world::World;

/// How long the main app waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it tries again in the end, and after what time.
const TRIES: usize = 60;
const AGAIN: Duration = Duration::from_secs(1);

/// Of a thousand times, how often somebody blocks somebody, and not the other way.
const BLOCKS: u16 = 600;

/// What somebody said of somebody last.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    user: UserId,
    other: UserId,
    version: u64,
}

impl Life {
    /// Somebody blocks somebody, or no longer.
    pub(super) fn relate(&mut self, world: &World) {
        let (Some(user), Some(other)) = (self.person(), self.person()) else { return };
        let processes: Vec<_> = world.processes().collect();
        if user == other || processes.is_empty() {
            return;
        }
        let process = self.random.pick(&processes).clone();
        let blocks = self.random.chance(BLOCKS);
        let what = if blocks { "blocks" } else { "unblocks" };
        let what = format!("{} hears that {user} {what} {other}", process.name);
        let Some(delivery) = self.relation(user, other, blocks) else { return };
        self.call(what, async move {
            match timeout(PATIENCE, process.core.deliver(delivery)).await {
                Ok(Ok(_)) => "done".to_owned(),
                Ok(Err(error)) => error.code.to_string(),
                Err(_) => "late".to_owned(),
            }
        });
    }

    /// What the main app says next of these two.
    fn relation(&mut self, user: UserId, other: UserId, blocks: bool) -> Option<Delivery> {
        let found = self.relations.iter().position(|it| (&it.user, &it.other) == (&user, &other));
        let place = found.unwrap_or(self.relations.len());
        if found.is_none() {
            let (user, other) = (user.clone(), other.clone());
            self.relations.push(Relation { user, other, version: 0 });
        }
        let relation = &mut self.relations[place];
        relation.version += 1;
        let version = Version::new(relation.version).ok()?;
        let id = format!("{user}-{other}-{}", relation.version);
        let event = Relationship { user, other, version };
        let event = match blocks {
            true => HookEvent::RelationshipBlocked(event),
            false => HookEvent::RelationshipUnblocked(event),
        };
        let time = self.service.client.key_of_new_room().time;
        Some(Delivery { source: "main".to_owned(), id, time, event })
    }

    /// Nobody blocks anybody any more: the main app tells it until it is taken.
    pub(super) async fn reconcile(&mut self, world: &World) {
        for Relation { user, other, .. } in self.relations.clone() {
            let Some(delivery) = self.relation(user, other, false) else { continue };
            if !told(world, &delivery).await {
                self.trace.broken(format_args!("{} is not taken", delivery.id));
            }
        }
    }
}

/// Tells the server something until it is taken.
async fn told(world: &World, delivery: &Delivery) -> bool {
    for _ in 0..TRIES {
        if let Some(process) = world.processes().next()
            && let Ok(Ok(_)) = timeout(PATIENCE, process.core.deliver(delivery.clone())).await
        {
            return true;
        }
        sleep(AGAIN).await;
    }
    false
}
