//! Reporting a message to those who moderate. The room does not hear of it, and nothing of it is in its log.
//!
//! The owner of the room writes the report, and with it what is to be told to endpoints ([`crate::reports`]). A
//! person reports a message once: what comes again changes nothing, and finishes what a failure left undone.

use caffis_schema::{Reply, command::Report, open::Empty};

use crate::{
    call::{Call, Entered, Handled},
    cluster::Shard,
    model::{
        authorise::{Read, ReportMessage, authorise},
        text::{check_remark, with_line_feeds},
    },
    pages::message_at,
    ports::store::{Batch, StoreError},
    services::Services,
    tables::{self, REPORT_KEPT, Record, ReportIndexRow, ReportRow, ReportTaskRow},
};

/// Reports a message.
///
/// # Errors
/// Services, messages of one's own and those that the person does not see, more than a number a day, and what the
/// store says.
pub async fn handle(call: Call, command: Report) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let (services, room) = (&call.services, command.room);
    let at = (&*cell, &*state);
    let (_, message) = message_at(services, at, &allowed, command.position).await?;
    let author = message.sender.clone();
    authorise(&call.caller(room), &state, ReportMessage { author })?;
    let remark = with_line_feeds(&command.text);
    check_remark(&remark)?;
    let store = &*services.store;
    let _turn = services.reports.turn(room, command.position, call.user()).await;
    let key = ReportRow::key(&room, &command.position, call.user());
    let row = match tables::get::<ReportRow>(store, key).await? {
        Some(row) => row,
        None => {
            let now = services.clock.now();
            services.reports.take(call.user(), now)?;
            let row = ReportRow {
                room,
                position: command.position,
                reporter: call.user().clone(),
                time: now,
                sender: message.sender,
                reason: command.reason,
                text: remark,
            };
            keep(services, &row).await?;
            row
        }
    };
    let (shard, time, position) = (Shard::of(room), row.time, row.position);
    let reporter = row.reporter;
    let index = ReportIndexRow { shard: shard.get(), time, room, position, reporter };
    let key = ReportIndexRow::key(&index.shard, &time, &room, &position, &index.reporter);
    if tables::get::<ReportIndexRow>(store, key).await?.is_none() {
        // What endpoints are told comes first: with the row in the index the report is whole.
        for endpoint in services.reports.endpoints() {
            let (reporter, shard) = (index.reporter.clone(), shard.get());
            let task = ReportTaskRow { shard, endpoint, time, room, position, reporter };
            keep(services, &task).await?;
        }
        keep(services, &index).await?;
        services.reports.note(shard);
    }
    Ok(Reply::Done(Empty {}))
}

async fn keep<R: Record>(services: &Services, row: &R) -> Result<(), StoreError> {
    let mut batch = Batch::partition(services.stamps.next()?);
    batch.put_for(row, REPORT_KEPT);
    services.store.write(batch).await
}
