/**
 * Which field of HotSpot's classes is which one of the walk's, by the names that versions have had for it: the first
 * that a version has is the one.
 */

import type { hotspotField } from '@waggle/bpf';

export type FieldName = Exclude<keyof typeof hotspotField, 'HOTSPOT_FIELDS'>;

export const FIELDS: Readonly<Record<FieldName, readonly string[]>> = {
  HOTSPOT_BLOB_NAME: ['CodeBlob._name'],
  HOTSPOT_BLOB_FRAME_COMPLETE: ['CodeBlob._frame_complete_offset'],
  HOTSPOT_BLOB_FRAME_SIZE: ['CodeBlob._frame_size'],
  HOTSPOT_BLOB_CODE_BEGIN: ['CodeBlob._code_begin', 'CodeBlob._code_offset'],
  HOTSPOT_BLOB_CODE_END: ['CodeBlob._code_end', 'CodeBlob._data_offset'],
  HOTSPOT_BLOB_RELOCATION_SIZE: ['CodeBlob._relocation_size'],
  HOTSPOT_BLOB_MUTABLE_DATA: ['CodeBlob._mutable_data'],
  HOTSPOT_NMETHOD_METHOD: ['nmethod._method', 'CompiledMethod._method'],
  HOTSPOT_NMETHOD_COMPILE_ID: ['nmethod._compile_id'],
  HOTSPOT_NMETHOD_ORIG_PC: ['nmethod._orig_pc_offset'],
  HOTSPOT_NMETHOD_DEOPT_HANDLER: [
    'nmethod._deopt_handler_entry_offset',
    'nmethod._deopt_handler_offset',
    'nmethod._deoptimize_offset',
    'CompiledMethod._deopt_handler_begin',
  ],
  HOTSPOT_NMETHOD_METADATA: ['nmethod._metadata_offset'],
  HOTSPOT_NMETHOD_SCOPES_DATA: ['nmethod._scopes_data_offset', 'CompiledMethod._scopes_data_begin'],
  HOTSPOT_NMETHOD_SCOPES_PCS: ['nmethod._scopes_pcs_offset'],
  // Since 23 scopes' data follow them, before that dependencies.
  HOTSPOT_NMETHOD_SCOPES_PCS_END: ['nmethod._dependencies_offset', 'nmethod._scopes_data_offset'],
  HOTSPOT_NMETHOD_IMMUTABLE_DATA: ['nmethod._immutable_data'],
  HOTSPOT_HEAP_MEMORY: ['CodeHeap._memory'],
  HOTSPOT_HEAP_SEGMAP: ['CodeHeap._segmap'],
  HOTSPOT_HEAP_SEGMENT_SHIFT: ['CodeHeap._log2_segment_size'],
  HOTSPOT_SPACE_LOW: ['VirtualSpace._low_boundary'],
  HOTSPOT_SPACE_HIGH: ['VirtualSpace._high_boundary'],
  HOTSPOT_ARRAY_LENGTH: ['GrowableArrayBase._len', 'GenericGrowableArray._len'],
  HOTSPOT_ARRAY_DATA: ['GrowableArray<int>._data'],
  HOTSPOT_METHOD_CONST: ['Method._constMethod'],
  HOTSPOT_CONST_POOL: ['ConstMethod._constants'],
  HOTSPOT_CONST_SIZE: ['ConstMethod._constMethod_size'],
  HOTSPOT_CONST_CODE_SIZE: ['ConstMethod._code_size'],
  HOTSPOT_CONST_FLAGS: ['ConstMethod._flags', 'ConstMethod._flags._flags'],
  HOTSPOT_CONST_NAME: ['ConstMethod._name_index'],
  HOTSPOT_CONST_SIGNATURE: ['ConstMethod._signature_index'],
  HOTSPOT_POOL_HOLDER: ['ConstantPool._pool_holder'],
  HOTSPOT_POOL_SOURCE_FILE: ['ConstantPool._source_file_name_index'],
  HOTSPOT_CLASS_SOURCE_FILE: ['InstanceKlass._source_file_name_index'],
  HOTSPOT_CLASS_POOL: ['InstanceKlass._constants'],
  HOTSPOT_CLASS_NAME: ['Klass._name'],
  HOTSPOT_SYMBOL_LENGTH: ['Symbol._length', 'Symbol._length_and_refcount'],
  HOTSPOT_SYMBOL_BODY: ['Symbol._body', 'Symbol._body[0]'],
  HOTSPOT_PC_OFFSET: ['PcDesc._pc_offset'],
  HOTSPOT_PC_SCOPE: ['PcDesc._scope_decode_offset'],
};

/** What versions have in one way or the other, or not at all. */
export const OPTIONAL: ReadonlySet<FieldName> = new Set<FieldName>([
  'HOTSPOT_BLOB_RELOCATION_SIZE',
  'HOTSPOT_BLOB_MUTABLE_DATA',
  'HOTSPOT_NMETHOD_METADATA',
  'HOTSPOT_NMETHOD_IMMUTABLE_DATA',
  'HOTSPOT_ARRAY_LENGTH',
  'HOTSPOT_ARRAY_DATA',
  'HOTSPOT_POOL_SOURCE_FILE',
  'HOTSPOT_CLASS_SOURCE_FILE',
]);
