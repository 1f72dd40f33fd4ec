/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What an object says of itself beside its programs and maps, for the generator of its TypeScript
 * (scripts/skeleton): which maps are the session's, which structs a ring carries, which types userspace
 * wants besides. It reads all of it from the object's BTF.
 */
#ifndef WAGGLE_SKELETON_H
#define WAGGLE_SKELETON_H

/* The value of a map that has one, of this CPU where it has one for each. */
#define ONLY(map) bpf_map_lookup_elem(&(map), &(u32){ 0 })

/* Behind a map: one for all objects of a session, by its name. */
#define SHARED __attribute__((btf_decl_tag("shared")))

/* Records travel as bytes, so nothing else would put their types into the BTF. libbpf knows no section
 * of this name, and makes no map of it. */
#define FOR_USERSPACE __attribute__((section(".records"), used))

/* That the ring has records of this struct. */
#define RING_RECORD(ring, record) const struct record *ring##__##record FOR_USERSPACE
/* That userspace uses the values of an enum, or a struct that is in no map. */
#define EXPORT_ENUM(name) const enum name *enum__##name FOR_USERSPACE
#define EXPORT_STRUCT(name) const struct name *struct__##name FOR_USERSPACE

#endif
