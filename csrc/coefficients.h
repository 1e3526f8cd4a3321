/* Written by coefficients.py; do not edit. Errors are relative, of the function built from them. */
#if FL_ARITH == 32
#define LN2_HI 0x1.62e4000000000p-1f
#define LN2_LO 0x1.7f7d1c0000000p-20f
#define LOG2E 0x1.7154760000000p+0f
#define HALF_PI_HI 0x1.921fb40000000p+0f
#define HALF_PI_LO 0x1.4442d20000000p-24f
/* max error 2^-31.82 */
#define EXPM1_POLYNOMIAL 0x1.0000000000000p-1f, 0x1.5555540000000p-3f, 0x1.5554b40000000p-5f, 0x1.1111800000000p-7f, 0x1.6d6f5c0000000p-10f, 0x1.a03fc20000000p-13f
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.5555740000000p-1f, 0x1.9964220000000p-2f, 0x1.3168ae0000000p-2f
/* max error 2^-27.9 */
#define SIN_POLYNOMIAL -0x1.5555460000000p-3f, 0x1.1107b20000000p-7f, -0x1.9963fa0000000p-13f
/* max error 2^-32.18 */
#define COS_POLYNOMIAL 0x1.55554e0000000p-5f, -0x1.6c0e5a0000000p-10f, 0x1.9a73500000000p-16f
/* max error 2^-29.77 */
#define ATAN_POLYNOMIAL -0x1.5555500000000p-2f, 0x1.9994900000000p-3f, -0x1.23e5ec0000000p-3f, 0x1.b46ed20000000p-4f, -0x1.fd75300000000p-5f
#elif FL_ARITH == 64
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
#define HALF_PI_HI 0x1.921fb54442d18p+0
#define HALF_PI_LO 0x1.1a62633145c07p-54
/* max error 2^-55.46 */
#define EXPM1_POLYNOMIAL 0x1.0000000000004p-1, 0x1.555555555553dp-3, 0x1.55555555525aap-5, 0x1.1111111118463p-7, 0x1.6c16c17e47817p-10, 0x1.a01a01789046dp-13, 0x1.a019a8d7bea8ap-16, 0x1.71de80d08b06fp-19, 0x1.28a0b4d6e5819p-22, 0x1.ae766c9fdd64dp-26
/* max error 2^-58.86 */
#define LOG_POLYNOMIAL 0x1.5555555555567p-1, 0x1.999999998c347p-2, 0x1.2492493840dd7p-2, 0x1.c71c592c9c33dp-3, 0x1.7464e5ef7804ep-3, 0x1.39c212bb150e4p-3, 0x1.2dd3be898df86p-3
/* max error 2^-57.74 */
#define SIN_POLYNOMIAL -0x1.555555555554dp-3, 0x1.111111110fcffp-7, -0x1.a01a019c87d16p-13, 0x1.71de35cef4d21p-19, -0x1.ae5ea1e231da1p-26, 0x1.5da26250f9cf6p-33
/* max error 2^-62.71 */
#define COS_POLYNOMIAL 0x1.5555555555554p-5, -0x1.6c16c16c1627fp-10, 0x1.a01a019e3bd87p-16, -0x1.27e4f912e89afp-22, 0x1.1eea944c2b4cdp-29, -0x1.90007f9ab75cep-37
/* max error 2^-58.62 */
#define ATAN_POLYNOMIAL -0x1.5555555555553p-2, 0x1.99999999986d0p-3, -0x1.24924923beb74p-3, 0x1.c71c7149fa718p-4, -0x1.745d0363e496ep-4, 0x1.3b11c95e04fd2p-4, -0x1.10f31bbcaaaa0p-4, 0x1.df751bd7336a2p-5, -0x1.9e865eab43dc5p-5, 0x1.3bf3581a8aba7p-5, -0x1.2e04934ada27fp-6
#elif FL_ARITH == 3264
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
#define HALF_PI_HI 0x1.921fb54442d18p+0
#define HALF_PI_LO 0x1.1a62633145c07p-54
/* max error 2^-26.06 */
#define EXPM1_POLYNOMIAL 0x1.fffffeeb462eep-2, 0x1.5554b1ff536b7p-3, 0x1.555652e26f966p-5, 0x1.12268471bd64fp-7, 0x1.6c0435dc8d19fp-10
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.55557310bd94dp-1, 0x1.996421be27eb4p-2, 0x1.3168ae777529bp-2
/* max error 2^-27.9 */
#define SIN_POLYNOMIAL -0x1.555546b8a1e1fp-3, 0x1.1107b17445183p-7, -0x1.9963fa89d7686p-13
/* max error 2^-32.18 */
#define COS_POLYNOMIAL 0x1.55554e4b41cecp-5, -0x1.6c0e5a35f1c7fp-10, 0x1.9a7350a8ae3e4p-16
/* max error 2^-29.77 */
#define ATAN_POLYNOMIAL -0x1.555550a08f81dp-2, 0x1.99948fb26dca6p-3, -0x1.23e5ecdc7c5b7p-3, 0x1.b46ed22ff5d77p-4, -0x1.fd753036bd7c1p-5
#endif
