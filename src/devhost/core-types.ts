// The part of `@azure/functions-core` that @azure/functions 4 uses. Names are the library's.
import type { LogLevel } from "./log.ts";

export type LogCategory = "user" | "system" | "customMetric";

/** One value on its way between host and app; exactly one field is set, none stands for "no value". */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: object;
};

export type BindingInfo = { readonly type: string; readonly direction: string; readonly [setting: string]: unknown };

export type RetryOptions = {
  readonly maxRetryCount?: number;
  readonly retryStrategy?: string;
  readonly delayInterval?: { readonly seconds?: number };
  readonly minimumInterval?: { readonly seconds?: number };
  readonly maximumInterval?: { readonly seconds?: number };
};

export type FunctionMetadata = {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, BindingInfo>>;
  readonly retryOptions?: RetryOptions;
};

export type FunctionCallback = (...args: unknown[]) => unknown;

export type RetryContext = {
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception?: { readonly message: string; readonly stackTrace?: string };
};

export type InvocationRequest = {
  readonly invocationId: string;
  /** The id an HTTP request was handed over to the library with, if that is another one. */
  readonly handOverId?: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly retryContext?: RetryContext;
};

export type InvocationResponse = { readonly invocationId: string; readonly returnValue?: TypedData | null };

export type CoreLog = (level: LogLevel, category: LogCategory, message: string) => void;

/** What the library reads of one invocation; it looks at `state` when something logs after the end. */
export type CoreInvocationContext = {
  invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: FunctionMetadata;
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  readonly log: CoreLog;
};

export type InvocationModel = {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities(capabilities: Record<string, string>): Record<string, string> | Promise<Record<string, string>>;
};

export type HookName = "preInvocation" | "postInvocation" | "appStart" | "appTerminate" | "log";
export type HookCallback = (context: Record<string, unknown>) => unknown;
