#define FL_ISA baseline
#define FL_BYTES 16
#define FL_REFERENCE /* correct on every processor; not where speed is looked for */
