// Which member of which group a program is: it says so in the requests that it sends.

const SYNC_GROUP = 14;
const HEARTBEAT = 12;
const LEAVE_GROUP = 13;

/** Tells `changed(group, member)` when it joins, and `changed()` when it leaves. */
export function membershipOf(changed) {
  let known;
  const tell = (group, member) => {
    const now = member && `${group}/${member}`;
    if (now === known) return;
    known = now;
    changed(group, member);
  };
  return (request) => {
    if (request.length < 14) return;
    const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
    const api = view.getInt16(4);
    if (api === LEAVE_GROUP) return tell();
    if (api !== SYNC_GROUP && api !== HEARTBEAT) return;
    // Header: size, api, version, correlation id, client id; then group, generation, member.
    let at = 12;
    const text = () => {
      const length = Math.max(0, view.getInt16(at));
      at += 2 + length;
      return new TextDecoder().decode(request.subarray(at - length, at));
    };
    try {
      text();
      const group = text();
      at += 4;
      tell(group, text());
    } catch {
      // Not as kafkajs writes it: then it is not known.
    }
  };
}
