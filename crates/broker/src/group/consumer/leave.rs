use super::heartbeat::{fenced_instance, unknown_instance, unknown_member};
use super::scope::{Refusal, Scope};
use super::{CurrentAssignment, LEAVING_FOR_A_WHILE, Partitions};

impl Scope<'_> {
    /// Handles a heartbeat that says goodbye. A static member may leave for a while: then its place,
    /// and what it has, wait for its return until its session runs out.
    pub fn leave(
        &mut self,
        id: &str,
        instance_id: Option<&str>,
        epoch: i32,
    ) -> Result<(), Refusal> {
        let group = self.group();
        match instance_id {
            None if group.member(id).is_none() => return Err(unknown_member(id)),
            None => {}
            Some(instance_id) => match group.static_member(instance_id) {
                None => return Err(unknown_instance(instance_id)),
                Some(owner) if owner != id => return Err(fenced_instance(owner, instance_id)),
                Some(_) => {}
            },
        }
        self.turn
            .event(super::super::events::member_left(self.id, id, None));
        match self.member(id) {
            Some(member) if instance_id.is_some() && epoch == LEAVING_FOR_A_WHILE => {
                let current = CurrentAssignment {
                    epoch: LEAVING_FOR_A_WHILE,
                    revoking: Partitions::new(),
                    ..member.current.clone()
                };
                self.write_current(id, current);
                self.watch_revocation(id);
            }
            _ => self.part_with(id, "member-left"),
        }
        Ok(())
    }
}
