/**
 * Which of the fields that are asked for each version has, and sizes of its classes: as the tables of Temurin 11.0.13 and
 * 21.0.8, Debian's 17.0.15 and Temurin 25 have them.
 */

export const RECORDED_STRUCTS: Readonly<
  Record<
    number,
    { readonly without: readonly string[]; readonly sizes: Readonly<Record<string, number>> }
  >
> = {
  11: {
    without: [
      'CodeBlob._code_offset',
      'CodeBlob._mutable_data',
      'CodeBlob._relocation_size',
      'ConstMethod._flags._flags',
      'ConstantPool._source_file_name_index',
      'GrowableArrayBase._len',
      'Symbol._length_and_refcount',
      'nmethod._deopt_handler_entry_offset',
      'nmethod._deopt_handler_offset',
      'nmethod._deoptimize_offset',
      'nmethod._immutable_data',
      'nmethod._method',
      'nmethod._scopes_data_offset',
      'CodeCache._heap',
    ],
    sizes: { ConstantPool: 64, ConstMethod: 56, HeapBlock: 16, nmethod: 376, PcDesc: 16 },
  },
  17: {
    without: [
      'CodeBlob._code_offset',
      'CodeBlob._mutable_data',
      'CodeBlob._relocation_size',
      'ConstMethod._flags._flags',
      'GenericGrowableArray._len',
      'InstanceKlass._source_file_name_index',
      'Symbol._length_and_refcount',
      'nmethod._deopt_handler_entry_offset',
      'nmethod._deopt_handler_offset',
      'nmethod._deoptimize_offset',
      'nmethod._immutable_data',
      'nmethod._method',
      'nmethod._scopes_data_offset',
      'CodeCache._heap',
    ],
    sizes: { ConstantPool: 72, ConstMethod: 48, HeapBlock: 16, nmethod: 352, PcDesc: 16 },
  },
  21: {
    without: [
      'CodeBlob._code_offset',
      'CodeBlob._mutable_data',
      'CodeBlob._relocation_size',
      'ConstMethod._flags',
      'GenericGrowableArray._len',
      'InstanceKlass._source_file_name_index',
      'Symbol._length_and_refcount',
      'nmethod._deopt_handler_entry_offset',
      'nmethod._deopt_handler_offset',
      'nmethod._deoptimize_offset',
      'nmethod._immutable_data',
      'nmethod._method',
      'nmethod._scopes_data_offset',
      'CodeCache._heap',
    ],
    sizes: { ConstantPool: 72, ConstMethod: 56, HeapBlock: 16, nmethod: 344, PcDesc: 16 },
  },
  25: {
    without: [
      'CodeBlob._code_begin',
      'CodeBlob._code_end',
      'CompiledMethod._deopt_handler_begin',
      'CompiledMethod._method',
      'CompiledMethod._scopes_data_begin',
      'ConstMethod._flags',
      'GenericGrowableArray._len',
      'InstanceKlass._source_file_name_index',
      'Symbol._length_and_refcount',
      'nmethod._deopt_handler_entry_offset',
      'nmethod._deoptimize_offset',
      'nmethod._dependencies_offset',
      'nmethod._metadata_offset',
      'CodeCache._heap',
    ],
    sizes: { ConstantPool: 72, ConstMethod: 56, HeapBlock: 8, nmethod: 224, PcDesc: 16 },
  },
};
