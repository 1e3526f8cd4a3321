/* Written by coefficients.py; do not edit. Errors are relative, of the function built from them. */
#if FL_ARITH == 32
#define LN2_HI 0x1.62e4000000000p-1f
#define LN2_LO 0x1.7f7d1c0000000p-20f
#define LOG2E 0x1.7154760000000p+0f
/* max error 2^-31.82 */
#define EXPM1_POLYNOMIAL 0x1.0000000000000p-1f, 0x1.5555540000000p-3f, 0x1.5554b40000000p-5f, 0x1.1111800000000p-7f, 0x1.6d6f5c0000000p-10f, 0x1.a03fc20000000p-13f
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.5555740000000p-1f, 0x1.9964220000000p-2f, 0x1.3168ae0000000p-2f
#elif FL_ARITH == 64
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
/* max error 2^-61.59 */
#define EXPM1_POLYNOMIAL 0x1.0000000000000p-1, 0x1.5555555555559p-3, 0x1.5555555555542p-5, 0x1.111111110f7a7p-7, 0x1.6c16c16c1e26fp-10, 0x1.a01a01af8f050p-13, 0x1.a01a017f55b5dp-16, 0x1.71ddf9140ad07p-19, 0x1.27e52f9614c85p-22, 0x1.af5d92f753fcap-26, 0x1.1ef1aaea1773cp-29
/* max error 2^-58.86 */
#define LOG_POLYNOMIAL 0x1.5555555555567p-1, 0x1.999999998c347p-2, 0x1.2492493840dd7p-2, 0x1.c71c592c9c33dp-3, 0x1.7464e5ef7804ep-3, 0x1.39c212bb150e4p-3, 0x1.2dd3be898df86p-3
#elif FL_ARITH == 3264
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
/* max error 2^-31.82 */
#define EXPM1_POLYNOMIAL 0x1.00000023bd474p-1, 0x1.555554f72f2cep-3, 0x1.5554b4d0d70f7p-5, 0x1.11117f5bbca3cp-7, 0x1.6d6f5bf205b6ep-10, 0x1.a03fc10cb1ecfp-13
/* max error 2^-37.13 */
#define LOG_POLYNOMIAL 0x1.5555551bface8p-1, 0x1.999a4fe199cc9p-2, 0x1.2441c5f654663p-2, 0x1.e1ce505a5f2c1p-3
#endif
