// ld.so(8), bash(1), dash(1), glibc's manual.
const OF_THE_LINKER =
  /^LD_(ASSUME_KERNEL|AUDIT|BIND_NOT|BIND_NOW|DEBUG|DEBUG_OUTPUT|DYNAMIC_WEAK|HWCAP_MASK|LIBRARY_PATH|ORIGIN_PATH|POINTER_GUARD|PREFER_MAP_32BIT_EXEC|PRELOAD|PROFILE|PROFILE_OUTPUT|SHOW_AUXV|TRACE_LOADED_OBJECTS|USE_LOAD_BIAS|VERBOSE|WARN)$/;
const OF_OTHERS =
  /^(BASH_ENV|BASH_XTRACEFD|BASH_COMPAT|BASHOPTS|ENV|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|PS4|SHELLOPTS|MALLOC_(ARENA_MAX|ARENA_TEST|CHECK_|MMAP_MAX_|MMAP_THRESHOLD_|PERTURB_|TOP_PAD_|TRACE|TRIM_THRESHOLD_))$/;

/**
 * Whether any program would load or run files because of a variable: for another user such a one is set after root was
 * given up, not before. By its whole name, for what is set later stands in the process list, and `LD_SDK_KEY` is a secret.
 */
export const isReadByLoaders = (name: string): boolean => OF_THE_LINKER.test(name) || OF_OTHERS.test(name);
