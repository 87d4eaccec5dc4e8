/* Which pin does what on an Arduino Nano or Uno: the firmware's side of hardware/wiring.toml. */
#ifndef PINS_H
#define PINS_H

#include <avr/io.h>

/* Joints 0-5 on PD2-PD7 (D2-D7), joints 6-11 on PB0-PB5 (D8-D13). */
#define BANK_JOINTS 6
#define BANK_A_PORT PORTD
#define BANK_A_SHIFT 2
#define BANK_A_PINS 0xfc
#define BANK_B_PORT PORTB
#define BANK_B_SHIFT 0
#define BANK_B_PINS 0x3f

/* Inputs with pull-ups, on port C: closed is low. The e-stop is closed while all is well. */
#define CONTACT_HEAD_PIN PINC2 /* A2 */
#define CONTACT_TAIL_PIN PINC3 /* A3 */
#define ESTOP_PIN PINC4        /* A4 */
#define LAMP_PIN PORTC5        /* A5: lit while there are pulses */

/* Analogue channels. Voltages come through dividers of 20 and 10 kiloohm. */
#define ADC_NOSE_LEFT 0  /* A0 */
#define ADC_NOSE_RIGHT 1 /* A1 */
#define ADC_SERVO 6      /* A6 */
#define ADC_LOGIC 7      /* A7 */
#define DIVIDED_FULL_MV 15000UL

#endif
