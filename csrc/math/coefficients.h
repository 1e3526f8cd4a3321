/* Written by coefficients.py; do not edit. Errors are relative, of the function built from them. */
#if FL_ARITH == 32
#define LN2_HI 0x1.62e4000000000p-1f
#define LN2_LO 0x1.7f7d1c0000000p-20f
#define LOG2E 0x1.7154760000000p+0f
#define LOG2E_LO 0x1.4ae0c00000000p-26f
#define HALF_PI_HI 0x1.921fb40000000p+0f
#define HALF_PI_LO 0x1.4442d20000000p-24f
/* max error 2^-31.82 */
#define EXPM1_POLYNOMIAL 0x1.0000000000000p-1f, 0x1.5555540000000p-3f, 0x1.5554b40000000p-5f, 0x1.1111800000000p-7f, 0x1.6d6f5c0000000p-10f, 0x1.a03fc20000000p-13f
/* max error 2^-28.9 */
#define EXP_POLYNOMIAL 0x1.0000000000000p+0f, 0x1.fffffc0000000p-2f, 0x1.5554180000000p-3f, 0x1.5558240000000p-5f, 0x1.1268200000000p-7f, 0x1.6ae7000000000p-10f
/* max error 2^-26.56 */
#define EXP2M1_POLYNOMIAL 0x1.ebfbde0000000p-3f, 0x1.c6afac0000000p-5f, 0x1.3b2bc40000000p-7f, 0x1.5ef0900000000p-10f, 0x1.42e3200000000p-13f
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.5555740000000p-1f, 0x1.9964220000000p-2f, 0x1.3168ae0000000p-2f
/* max error 2^-27.9 */
#define SIN_POLYNOMIAL -0x1.5555460000000p-3f, 0x1.1107b20000000p-7f, -0x1.9963fa0000000p-13f
/* max error 2^-32.18 */
#define COS_POLYNOMIAL 0x1.55554e0000000p-5f, -0x1.6c0e5a0000000p-10f, 0x1.9a73500000000p-16f
/* max error 2^-31.3 */
#define ATAN_POLYNOMIAL -0x1.5555540000000p-2f, 0x1.9997fa0000000p-3f, -0x1.245c9c0000000p-3f, 0x1.c131cc0000000p-4f, -0x1.4aaf140000000p-4f, 0x1.46c3580000000p-5f
/* max error 2^-32.92 */
#define LOG_UNIT_POLYNOMIAL 0x1.5555580000000p-1f, 0x1.9996ec0000000p-2f, 0x1.2502fa0000000p-2f, 0x1.b7567c0000000p-3f, 0x1.eff2740000000p-3f
/* max error 2^-31.08 */
#define LOG_COSH_POLYNOMIAL 0x1.0000000000000p-1f, -0x1.55554c0000000p-4f, 0x1.6c13100000000p-6f, -0x1.b98cba0000000p-8f, 0x1.196a600000000p-9f, -0x1.4f34ba0000000p-11f, 0x1.0429ec0000000p-13f
/* max error 2^-33.38 */
#define LOG1P_POLYNOMIAL 0x1.fffffa0000000p-2f, -0x1.5553900000000p-2f, 0x1.ffa06a0000000p-3f, -0x1.94a8aa0000000p-3f, 0x1.323a6a0000000p-3f, -0x1.3cf4a20000000p-4f
/* max error 2^-28.12 */
#define LOG_EXACT_POLYNOMIAL 0x1.5555a60000000p-1f, 0x1.9932700000000p-2f, 0x1.366a5e0000000p-2f
/* a row for each power of alpha / 2, in float64; max error 2^-26.31 */
#define ROBUST_COEFFICIENTS 7
#define ROBUST_POLYNOMIALS \
    {-0x1.ffffef8586a25p-2, 0x1.5550b69423c5bp-2, -0x1.ff3eee0884ff0p-3, 0x1.926b06827982fp-3, -0x1.3082e09ec3670p-3, 0x1.6e0cac5828030p-4, -0x1.d917aeba5cb34p-6}, \
    {0x1.ffffd499f67f8p-2, -0x1.fff3ee41257e1p-2, 0x1.d45a3884b7550p-2, -0x1.a1574d8c757bdp-2, 0x1.55d21bbdf6a4dp-2, -0x1.ae789957badb7p-3, 0x1.1d385bcca7185p-4}, \
    {0x1.641d5de668798p-21, 0x1.553ce0b809da5p-3, -0x1.fe066d5ba4075p-3, 0x1.214d10b64169bp-2, -0x1.0fd3f5c8b216ep-2, 0x1.7148747fbe004p-3, -0x1.fd1f7755df294p-5}, \
    {-0x1.78933ffd3cf7dp-22, 0x1.9583dd40ce05cp-16, 0x1.5147da652a787p-5, -0x1.422dfdf991610p-4, 0x1.80ad6ff2e1f22p-4, -0x1.26e1cecde4e11p-4, 0x1.b02bb25bd36dbp-6}, \
    {0x1.d04eb582d8b09p-24, -0x1.d99bb1f6d3927p-18, 0x1.270614acaa452p-13, 0x1.cbd32f8c3b001p-8, -0x1.cab3119c354d1p-7, 0x1.b4286b471be09p-7, -0x1.62a3b3a495c44p-8}, \
    {-0x1.5914d625d6b65p-26, 0x1.3b6756026432dp-20, -0x1.6e2ae5df54a13p-16, 0x1.9ff5badf7d3cfp-13, 0x1.6ffa1a2c70a85p-12, -0x1.8ae7110dff4fap-11, 0x1.ac8d786640ba0p-12}, \
    {-0x1.5339d8af0ef25p-27, 0x1.0c81d914c0915p-22, -0x1.430067da2bbbcp-20, -0x1.902c3782fed36p-18, 0x1.30ebad3ce76e9p-14, -0x1.96252e5234427p-14, 0x1.c5c7c1483b7b1p-15}, \
    {0x1.abe81d3f2381ap-27, -0x1.8e953446a645ep-22, 0x1.81397a67b9eebp-19, -0x1.b09f10a0fdce2p-18, -0x1.2f6a0114d87ecp-17, 0x1.bec2f422b79fbp-15, -0x1.9a0c632e1da5ap-15}
#elif FL_ARITH == 64
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
#define HALF_PI_HI 0x1.921fb54442d18p+0
#define HALF_PI_LO 0x1.1a62633145c07p-54
/* max error 2^-55.46 */
#define EXPM1_POLYNOMIAL 0x1.0000000000004p-1, 0x1.555555555553dp-3, 0x1.55555555525aap-5, 0x1.1111111118463p-7, 0x1.6c16c17e47817p-10, 0x1.a01a01789046dp-13, 0x1.a019a8d7bea8ap-16, 0x1.71de80d08b06fp-19, 0x1.28a0b4d6e5819p-22, 0x1.ae766c9fdd64dp-26
/* max error 2^-58.02 */
#define EXP_POLYNOMIAL 0x1.0000000000000p+0, 0x1.000000000000bp-1, 0x1.55555555554b2p-3, 0x1.55555555500f2p-5, 0x1.111111112fb31p-7, 0x1.6c16c18580065p-10, 0x1.a01a01112b6f6p-13, 0x1.a01996f2cd8b5p-16, 0x1.71df49783ddd1p-19, 0x1.28affc41b0ed6p-22, 0x1.ad5975a963f23p-26
/* max error 2^-58.86 */
#define LOG_POLYNOMIAL 0x1.5555555555567p-1, 0x1.999999998c347p-2, 0x1.2492493840dd7p-2, 0x1.c71c592c9c33dp-3, 0x1.7464e5ef7804ep-3, 0x1.39c212bb150e4p-3, 0x1.2dd3be898df86p-3
/* max error 2^-57.74 */
#define SIN_POLYNOMIAL -0x1.555555555554dp-3, 0x1.111111110fcffp-7, -0x1.a01a019c87d16p-13, 0x1.71de35cef4d21p-19, -0x1.ae5ea1e231da1p-26, 0x1.5da26250f9cf6p-33
/* max error 2^-62.71 */
#define COS_POLYNOMIAL 0x1.5555555555554p-5, -0x1.6c16c16c1627fp-10, 0x1.a01a019e3bd87p-16, -0x1.27e4f912e89afp-22, 0x1.1eea944c2b4cdp-29, -0x1.90007f9ab75cep-37
/* max error 2^-61.37 */
#define ATAN_POLYNOMIAL -0x1.5555555555555p-2, 0x1.99999999996fep-3, -0x1.2492492476b76p-3, 0x1.c71c71b79c2b0p-4, -0x1.745d14e4ea895p-4, 0x1.3b1377a4d17b0p-4, -0x1.110d791274317p-4, 0x1.e1930de81a9f2p-5, -0x1.acca2cec0b64ap-5, 0x1.793ae6eac90efp-5, -0x1.330a94b084e5dp-5, 0x1.8bad99ef88a41p-6, -0x1.1bf5616095ab8p-7
/* max error 2^-59.13 */
#define LOG_UNIT_POLYNOMIAL 0x1.5555555555547p-1, 0x1.999999999de76p-2, 0x1.24924921a00c3p-2, 0x1.c71c73a65abe2p-3, 0x1.745cc2a3b1d4ap-3, 0x1.3b1cbe5fbe60dp-3, 0x1.107548d57db51p-3, 0x1.ef10e78c31074p-4, 0x1.58e354721167cp-4, 0x1.59ac6f96a60abp-3
/* a row for each power of alpha / 2, in float64; max error 2^-56.12 */
#define ROBUST_COEFFICIENTS 12
#define ROBUST_POLYNOMIALS \
    {-0x1.ffffffffffff1p-2, 0x1.5555555552c6dp-2, -0x1.fffffffd2ab96p-3, 0x1.999998edf0a83p-3, -0x1.55553f3010405p-3, 0x1.249088c8e5235p-3, -0x1.ffd1a3247a9b7p-4, 0x1.c57ce48dfb27fp-4, -0x1.8f9784483e685p-4, 0x1.49ea851c7b310p-4, -0x1.b6662011d08dep-5, 0x1.48c70a37273bbp-6}, \
    {0x1.fffffffffffd1p-2, -0x1.fffffffff8052p-2, 0x1.d5555550eb773p-2, -0x1.aaaaa99f9dd34p-2, 0x1.85b0389b5e8e0p-2, -0x1.6663ae2652eafp-2, 0x1.4bbec2761b14dp-2, -0x1.33f8cf35d0950p-2, 0x1.19ea1fc6bc2edp-2, -0x1.df4d04bf902c9p-3, 0x1.44dc374f9f38cp-3, -0x1.ed3bbbac1f4d3p-5}, \
    {0x1.e7b3dd4477c88p-49, 0x1.555555554083fp-3, -0x1.fffffff481a48p-3, 0x1.2aaaa94f67648p-2, -0x1.3fffd34a5943dp-2, 0x1.49f11754d6223p-2, -0x1.4d542311be50bp-2, 0x1.4bb1db0713e26p-2, -0x1.40d1d23b0471ep-2, 0x1.1c2cd5b5fae55p-2, -0x1.8c006ce672833p-3, 0x1.31b4b8bceffa8p-4}, \
    {-0x1.41fd0e90fe571p-49, 0x1.bfb301f84fe63p-40, 0x1.55555535f847bp-5, -0x1.555551950baa0p-4, 0x1.e38dbbd296fe3p-4, -0x1.2aa5addaf21f9p-3, 0x1.578ff40a74d0ep-3, -0x1.7962abce435f9p-3, 0x1.89d2b32b5f8cdp-3, -0x1.70d4cf8ac3769p-3, 0x1.0aca81a3753e5p-3, -0x1.a59f1b85bbe59p-5}, \
    {-0x1.8ff431b567dbfp-50, 0x1.728ac2bb1007ep-41, -0x1.ec806c889ede4p-35, 0x1.11111410d6424p-7, -0x1.55554989038abp-6, 0x1.1c6f3e6d8d84bp-5, -0x1.8e002829adcf9p-5, 0x1.f81c9e77c9b9ep-5, -0x1.25f64b9e9862bp-4, 0x1.2d80ab132eba1p-4, -0x1.d64352a631f9ep-5, 0x1.8b07d789c4908p-6}, \
    {0x1.d3635b0519fcdp-47, -0x1.06f455424c982p-37, 0x1.dc54a246cf456p-31, -0x1.69b57d16dcc98p-25, 0x1.6c5ff308dcd49p-10, -0x1.122bc064ad381p-8, 0x1.0b0f0caa7da89p-7, -0x1.bb060e85450e1p-7, 0x1.5ec0a3324bb2ap-6, -0x1.00d4c8798386dp-5, 0x1.19e7acc3bc4bap-5, -0x1.381f760e47af2p-6}, \
    {-0x1.805a132d4b6f4p-45, 0x1.b57961fab7b84p-36, -0x1.91a316c2c518cp-29, 0x1.360e7d50c4202p-23, -0x1.0005ce1af2e6cp-18, 0x1.0f67325884975p-12, -0x1.55458b3467e2ap-10, 0x1.66cbd11b56016p-8, -0x1.3df9ab583e989p-6, 0x1.8b5a359353f05p-5, -0x1.22fe023173e76p-4, 0x1.79511c07fc6fcp-5}, \
    {0x1.8397f2f0be875p-44, -0x1.bb86e68f8c244p-35, 0x1.99a1daf43e305p-28, -0x1.3e4ed1f63e3ddp-22, 0x1.089fbd318f303p-17, -0x1.07b601d6904cap-13, 0x1.5439531dc7c99p-10, -0x1.15fe8c28b65d3p-7, 0x1.275781e57cf88p-5, -0x1.89bb7a44c0490p-4, 0x1.2ada8b2a8d4afp-3, -0x1.8a1369c605828p-4}, \
    {-0x1.de2351efb15d1p-44, 0x1.12a9ce3616dc8p-34, -0x1.fd950c9f9c68fp-28, 0x1.8dd931370708cp-22, -0x1.4c5113f2d53acp-17, 0x1.4cab64b07775dp-13, -0x1.a6ce2f45f0b71p-10, 0x1.5da21050582dfp-7, -0x1.76eba07508e38p-5, 0x1.f701bcd867d18p-4, -0x1.7fb6f853a4ed1p-3, 0x1.fc3dc1a842616p-4}, \
    {0x1.4a4ff676faef9p-44, -0x1.7cb1fbd1bd44bp-35, 0x1.62604c34592edp-28, -0x1.15b22c4b39045p-22, 0x1.d19cfac4eea2ap-18, -0x1.d3ba665945610p-14, 0x1.2a33f985faad0p-10, -0x1.ee9b15b1d6762p-8, 0x1.09fecc90fd788p-5, -0x1.65f2d09690e34p-4, 0x1.11e009081c4a6p-3, -0x1.6bd631d7a32afp-4}, \
    {-0x1.87acff8ff45dap-46, 0x1.c49340b3a6b89p-37, -0x1.a675f6d4530bdp-30, 0x1.4c06dc93128bap-24, -0x1.172b3c1e87227p-19, 0x1.1936214ed7520p-15, -0x1.6781c4ad7808bp-12, 0x1.2ae106c6995d6p-9, -0x1.423bfe7bad434p-7, 0x1.b2a4218fd405ap-6, -0x1.4d52c1307aa73p-5, 0x1.bbd50ef68bf5ap-6}
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
/* max error 2^-31.3 */
#define ATAN_POLYNOMIAL -0x1.555553b6158cfp-2, 0x1.9997f9f54d937p-3, -0x1.245c9cac835fap-3, 0x1.c131cc5b773e1p-4, -0x1.4aaf146186447p-4, 0x1.46c35721ad748p-5
/* max error 2^-27.59 */
#define LOG_UNIT_POLYNOMIAL 0x1.555508a648ea8p-1, 0x1.99cf6bd6ae23ap-2, 0x1.1ee12ae195e38p-2, 0x1.1e3bafaac4955p-2
#endif
